import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** What the registry knows of our packages. */
export type Audit =
  | { readonly isChecked: true; readonly faults: readonly string[] }
  | { readonly isChecked: false; readonly why: string }

/**
 * A package with advisories of long ago. A registry that answers "none" for it has none of anything: a mirror may
 * answer so because it does not know.
 */
const known = { name: 'lodash', version: '4.17.4' }

/** Asks npm about what the lock file of `root` names, for production and development. */
export async function audit(root: string, env = process.env): Promise<Audit> {
  const ours = await askNpm(root, env)
  if (!ours.isChecked || ours.faults.length > 0) return ours
  const theirs = await askAboutKnown(env)
  if (!theirs.isChecked) return theirs
  if (theirs.faults.length > 0) return ours
  return {
    isChecked: false,
    why: `the registry knows nothing against ${known.name} ${known.version} either`,
  }
}

async function askAboutKnown(env: NodeJS.ProcessEnv): Promise<Audit> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-audit-'))
  try {
    const manifest = {
      name: 'known',
      version: '1.0.0',
      dependencies: { [known.name]: known.version },
    }
    const packages = {
      '': manifest,
      [`node_modules/${known.name}`]: { version: known.version },
    }
    const lock = { ...manifest, lockfileVersion: 3, requires: true, packages }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
    return await askNpm(folder, env)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function askNpm(cwd: string, env: NodeJS.ProcessEnv): Promise<Audit> {
  const args = ['audit', '--json', '--package-lock-only', '--fetch-retries=0']
  const child = spawn('npm', args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  })
  const failed = new Promise<string>((resolve) => {
    child.on('error', ({ message }) => resolve(JSON.stringify({ message })))
  })
  return readAudit(await Promise.race([text(child.stdout), failed]))
}

interface Answer {
  readonly auditReportVersion?: number
  readonly vulnerabilities?: Readonly<Record<string, Vulnerability>>
  readonly message?: string
  readonly error?: { readonly summary?: string }
}

interface Vulnerability {
  readonly severity: string
  readonly range: string
  /** Advisories, and the names of packages that it has them from. */
  readonly via: readonly (string | { readonly title?: string; readonly url?: string })[]
}

/** Reads what `npm audit --json` prints. */
export function readAudit(printed: string): Audit {
  let answer: Answer
  try {
    answer = JSON.parse(printed) as Answer
  } catch {
    return { isChecked: false, why: 'npm has printed no report' }
  }
  const { auditReportVersion, vulnerabilities, message, error } = answer
  if (auditReportVersion !== 2 || vulnerabilities === undefined)
    return { isChecked: false, why: reason(message ?? error?.summary) }
  return { isChecked: true, faults: Object.entries(vulnerabilities).map(describe) }
}

/** Without the address of the registry, which may be somebody's own. */
function reason(message = 'npm has printed no report'): string {
  const [first = ''] = message
    .replace(/ - [A-Z]+ https?:\/\/\S+/, '')
    .replaceAll(/https?:\/\/\S+/g, 'it')
    .split('\n')
  return `the registry gives no advisories: ${first}`
}

function describe([name, { severity, range, via }]: [string, Vulnerability]): string {
  const reasons = via.map((one) => (typeof one === 'string' ? one : [one.title, one.url].join(' ')))
  return `${name} ${range}: ${severity}: ${reasons.join('; ')}`
}
