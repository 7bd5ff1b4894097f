// `npm run supply-chain [-- --require-audit] [--dist DIR]`: what others made, and we build, test and ship with, is what the
// sources name. Needs what `npm run build` leaves in dist/.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fetchedBuns } from '../bun/fetch-bun.ts'
import { componentsOf } from '../package/contents.ts'
import { countLicenses, faultsOfLicenses } from './allowed-licenses.ts'
import { audit } from './audit.ts'
import { faultOfExecutable, installedNode, nodePackage } from './executables.mjs'
import {
  faultsOfScripts,
  reviewedScripts,
  scriptsInstalled,
  scriptsOfLock,
} from './install-scripts.ts'
import { faultsOfLock, type Lock, type Manifest } from './lock.ts'
import { report, type Outcome } from './report.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'))

const { values: options } = parseArgs({
  options: {
    'require-audit': { type: 'boolean', default: false },
    dist: { type: 'string', default: join(root, 'dist') },
  },
})
const lock = read('package-lock.json') as Lock
const manifest = read('package.json') as Manifest

const outcomes = [runtimes(), lockFile(), installScripts(), licenses(), await advisories()]
const { text, isPassed } = report(outcomes, {
  mustCheckAll: options['require-audit'],
})
process.stdout.write(text)
process.exitCode = isPassed ? 0 : 1

function runtimes(): Outcome {
  const node = { name: nodePackage(), path: installedNode }
  const all = [node, ...fetchedBuns()]
  const faults = all.map(({ name, path }) => faultOfExecutable(path, name))
  return {
    what: 'runtimes',
    faults: faults.filter((fault) => fault !== undefined),
    says: all.map(({ name }) => name).join(', '),
  }
}

function lockFile(): Outcome {
  const count = Object.keys(lock.packages).length - 1
  const says = `${count} packages of the registry, each with its SHA-512, as package.json has them`
  return { what: 'lock file', faults: [...faultsOfLock(lock, manifest), ...misfits()], says }
}

/** What npm says of versions that do not fit what others need, by the lock file alone. */
function misfits(): string[] {
  const args = ['ls', '--all', '--package-lock-only', '--json']
  const { stdout } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  })
  const { problems = [], error } = JSON.parse(stdout || '{"error":{}}') as {
    readonly problems?: readonly string[]
    readonly error?: { readonly summary?: string }
  }
  if (problems.length > 0) return problems.map((problem) => `npm ls: ${problem}`)
  return error === undefined ? [] : [`npm ls has failed: ${error.summary ?? 'it has said nothing'}`]
}

function installScripts(): Outcome {
  const found = [...scriptsOfLock(lock), ...scriptsInstalled(root, lock)]
  const names = (runs: boolean) =>
    Object.keys(reviewedScripts).filter(
      (name) => (reviewedScripts[name]?.version !== undefined) === runs,
    )
  return {
    what: 'install scripts',
    faults: [...new Set(faultsOfScripts(found, manifest.allowScripts))],
    says: `of ${names(true).join(', ')} alone; not of ${names(false).join(', ')}`,
  }
}

function licenses(): Outcome {
  const what = 'licences'
  const { dist } = options
  if (!existsSync(join(dist, 'made-of')))
    return { what, faults: [`"${dist}" is no build: run "npm run build" first`], says: '' }
  const components = componentsOf(dist)
  return {
    what,
    faults: faultsOfLicenses(components),
    says: `${components.length} packages in the build: ${countLicenses(components)}`,
  }
}

async function advisories(): Promise<Outcome> {
  const what = 'npm audit'
  const answer = await audit(root)
  return answer.isChecked
    ? { what, faults: answer.faults, says: 'no advisory about any package' }
    : { what, faults: [], notChecked: answer.why }
}
