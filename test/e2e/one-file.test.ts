// The whole way of somebody new: a shell, a browser, and nothing of ours.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createRelease } from '../../src/downloads/release.fixture.ts'
import { version } from '../../src/version.ts'
import { builtExecutable } from '../../scripts/package/executable.fixture.ts'
import { ownSystem } from '../../scripts/package/systems.ts'
import { mustRun, runChild } from './child.ts'
import { pathWithout } from './path-without.ts'
import { maxBulkTestMs, peerTest, program } from './peers.ts'
import { startPostgres } from './peers/postgres.ts'
import { personAt } from './person.ts'
import { alice, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

/** From the first word that is typed to the answer of the database. */
const maxMs = 60_000

peerTest(
  'a shell and a browser are enough to be in the database within a minute',
  ['curl', 'PostgreSQL', 'dash'],
  async (scope) => {
    const release = await publish(scope)
    const port = await startPostgres(scope)
    const routes = [route('db.example.com:5432', port, [alice])]
    const rig = await startRig(scope, routes, { downloads: release })
    const { env, home } = await newcomer(scope, rig)

    const startedMs = performance.now()
    const { ending, output, errors } = await runChild(scope, 'dash', ['-e', '-c', typed(rig)], {
      env,
      cwd: home,
    })
    const tookMs = performance.now() - startedMs
    assert.equal(ending, 0, errors)
    assert.equal(output, `42\nby postern ${version}\n`, errors)
    assert.ok(tookMs < maxMs, `it took ${Math.round(tookMs)} ms`)
    const installed = join(home, '.local', 'bin')
    assert.deepEqual(await readdir(installed), ['postern'])
  },
  // The executable may have to be made first.
  maxBulkTestMs,
)

/** What the portal tells to type, then what the script does, and then a route by its name. */
function typed({ port, caFile }: GatewayRig): string {
  return `
said=$(curl -fsSL --cacert '${caFile}' https://localhost:${port}/.postern/install.sh | sh -s -- --ca-file '${caFile}' 2>&1)
echo "$said" >&2
eval "$(echo "$said" | grep '^  export PATH=')"
eval "$(echo "$said" | grep -A 1 '^next:$' | tail -n 1)"
postern connect db --user postgres -- -XAtc 'SELECT 6 * 7'
echo "by $(postern --version)"
`
}

/** A home with nothing in it, a browser that signs Alice in, and a machine without Node.js and us. */
async function newcomer(
  scope: Scope,
  rig: GatewayRig,
): Promise<{ readonly home: string; readonly env: Readonly<Record<string, string>> }> {
  const person = await personAt(scope, rig, alice)
  const home = join(scope.directory, 'new home')
  await mkdir(join(home, 'tmp'), { recursive: true })
  scope.secrets.home(home)
  const path = await pathWithout(scope, 'node', 'npm', 'npx', 'postern', 'xdg-open')
  const browser = join(dirname(person.home), 'tools-alice', 'browser')
  await writeFile(join(path, 'xdg-open'), `#!/bin/sh\nexec '${browser}' "$1"\n`, { mode: 0o755 })
  const psql = dirname(program('psql'))
  return { home, env: { HOME: home, TMPDIR: join(home, 'tmp'), PATH: `${path}:${psql}` } }
}

/** The executable of this system as a release has it; resolves to the directory. */
async function publish(scope: Scope): Promise<string> {
  const { directory, sum } = await createRelease({
    after: (undo) => scope.defer(undo as () => Promise<void>),
  })
  const folder = `postern-${version}`
  const archive = `${folder}-${ownSystem().name}.tar.gz`
  const executable = builtExecutable()
  await mustRun(scope, 'tar', [
    '--create',
    '--use-compress-program=gzip --fast',
    `--file=${join(directory, archive)}`,
    `--directory=${dirname(executable)}`,
    `--transform=s,^,${folder}/,`,
    basename(executable),
  ])
  await sum({ [archive]: await readFile(join(directory, archive)) })
  return directory
}
