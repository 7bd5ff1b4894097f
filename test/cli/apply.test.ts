import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { localActor } from '../../src/control/change.ts'
import { loadPages } from '../../src/console/pages.ts'
import { collectLines, testCa, testCertificate } from '../../src/gateway/gateway.fixture.ts'
import { runGateway } from '../../src/gateway/run.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { spawnProgram } from '../../src/program.fixture.ts'
import { readGuide } from '../e2e/guide.ts'
import { createSandbox, runPostern } from './program.ts'
import { posternInShell } from '../postern-program.ts'

const page = join(import.meta.dirname, '../../docs/console.md')

const text = `policies:
  - name: staff
    policy: [{ allow: { or: [{ user: ci }] } }]
routes:
  - id: db
    from: tcp+https://db.example.com:5432
    to: tcp://10.0.0.1:5432
    policy_names: [staff]
    description: "\\e[31mred"
`

/** A gateway that the service account \`ci\` administers, and a file of routes. */
async function startRig(t: TestContext) {
  const sandbox = await createSandbox()
  const port = await freePort()
  const at = (name: string): string => join(sandbox.path, name)
  const config = `address: 127.0.0.1:${port}
authenticate_service_url: https://localhost:${port}
certificate_file: tls.crt
certificate_key_file: tls.key
state_directory: state
administrators:
  admin: [{ allow: { or: [{ user: ci }] } }]
`
  await writeFile(at('tls.crt'), testCertificate.cert)
  await writeFile(at('tls.key'), testCertificate.key, { mode: 0o600 })
  await writeFile(at('ca.crt'), testCa)
  await writeFile(at('postern.yaml'), config, { mode: 0o600 })
  await writeFile(at('routes.yaml'), text)
  const { sink } = collectLines()
  const gateway = await runGateway({
    path: at('postern.yaml'),
    env: {},
    logSink: sink,
    pages: await loadPages(),
  })
  t.after(async () => {
    await gateway.close(0)
    await sandbox[Symbol.asyncDispose]()
  })
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    runPostern(args, { env: { ...sandbox.env, ...env } })
  return {
    at,
    gateway,
    run,
    here: ['-c', at('postern.yaml')],
    there: ['--gateway', `https://localhost:${port}`, '--ca-file', at('ca.crt')],
  }
}

test('postern apply prints what would change and whom it reaches, and changes it when told to', async (t) => {
  const { at, gateway, run, here } = await startRig(t)
  const apply = (...args: readonly string[]) =>
    run(['apply', '-f', at('routes.yaml'), ...here, ...args])
  const dry = await apply('--dry-run')
  assert.equal(dry.code, 0, dry.stderr)
  assert.match(dry.stdout, /^\+to: tcp:\/\/10\.0\.0\.1:5432$/m)
  assert.match(dry.stdout, /^cuts 0 of 0 open tunnels$/m)
  assert.match(dry.stderr, /^2 new$/m)
  assert.ok(!dry.stdout.includes('\u001b'))
  const unsure = await apply()
  assert.equal(unsure.code, 2)
  assert.match(unsure.stderr, /nothing was changed: .* --yes/)
  assert.equal((await gateway.operations.listRoutes(localActor)).total, 0)
  const applied = await apply('--yes', '--note', 'commit 4f2a')
  assert.match(applied.stderr, /applied 2 new/)
  const { items } = await gateway.operations.listRouteHistory(localActor, 'db')
  assert.deepEqual([items[0]?.by, items[0]?.note], ['the operator', 'commit 4f2a'])
  assert.match((await apply('--yes')).stderr, /nothing changes, 2 as they are/)

  const exported = await run(['export', ...here])
  await writeFile(at('routes.yaml'), exported.stdout)
  assert.match((await apply('--yes')).stderr, /nothing changes/)
  const whole = `${await readFile(at('postern.yaml'), 'utf8')}${exported.stdout}`
  await writeFile(at('whole.yaml'), whole, { mode: 0o600 })
  const checked = await run(['gateway', 'check', '-c', at('whole.yaml')])
  assert.equal(checked.code, 0, checked.stderr)

  await writeFile(at('routes.yaml'), 'policies: []\nroutes: []\n')
  const pruned = await apply('--prune', '--yes', '--json')
  const outcome = JSON.parse(pruned.stdout) as { changes: { change: string }[] }
  assert.deepEqual(
    outcome.changes.map(({ change }) => change),
    ['deleted', 'deleted'],
  )
})

test('the commands of the page on the console do what it says', async (t) => {
  const { at, gateway, run, here, there } = await startRig(t)
  assert.equal((await run(['apply', '-f', at('routes.yaml'), ...here, '--yes'])).code, 0)
  await run(['service-account', 'create', 'ci', '--output', at('ci.token'), ...here])
  const guide = readGuide(await readFile(page, 'utf8'), {
    standIns: { '--gateway https://gateway.example.com': there.join(' ') },
  })
  const shell = async (line: string): Promise<string> => {
    const script = `postern() { ${posternInShell} "$@"; }\nset -e\n${line}`
    const child = spawnProgram('bash', ['-c', script], { cwd: at('.') })
    child.stdin.end()
    const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
    assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0, `${line}\n${output}${errors}`)
    return output + errors
  }
  guide.block('yaml')
  await shell(guide.command(/^postern export/))
  const exported = await readFile(at('routes.yaml'), 'utf8')
  await writeFile(at('routes.yaml'), exported.replace('10.0.0.1', '10.0.0.2'))
  assert.match(await shell(guide.command(/--dry-run/)), /^\+to: .*10\.0\.0\.2:5432$/m)
  assert.match(await shell(guide.command(/--note/)), /applied 1 changed/)
  const { items } = await gateway.operations.listRouteHistory(localActor, 'db')
  assert.equal(items[0]?.note, 'ticket 7')
  await writeFile(at('routes.yaml'), exported)
  assert.match(await shell(guide.command(/--gateway/)), /applied 1 changed/)
  guide.finish()
})

test('postern apply says where each fault of its file is, here and by the API', async (t) => {
  const { at, gateway, run, here, there } = await startRig(t)
  const { credential } = await gateway.operations.createServiceAccount(localActor, {
    id: 'ci',
    description: '',
    format: 'jwt',
    expires_at: null,
  })
  assert.ok(typeof credential === 'string')
  const env = { POSTERN_SERVICE_ACCOUNT: credential }
  await writeFile(at('routes.yaml'), text.replace('tcp://10.0.0.1:5432', 'tcp://10.0.0.1'))
  for (const where of [here, there]) {
    const refused = await run(['apply', '-f', at('routes.yaml'), ...where, '--yes'], env)
    assert.equal(refused.code, 2, refused.stderr)
    assert.match(refused.stderr, /routes\.yaml:7:9: routes\[0\]\.to\[0\]: must be/)
  }
  await writeFile(at('routes.yaml'), text)
  const applied = await run(['apply', '-f', at('routes.yaml'), ...there, '--yes'], env)
  assert.equal(applied.code, 0, applied.stderr)
  assert.match(applied.stderr, /applied 2 new/)
  const { items } = await gateway.operations.listRouteHistory(localActor, 'db')
  assert.equal(items[0]?.by, 'ci')
  const nobody = await run(['apply', '-f', at('routes.yaml'), ...there])
  assert.equal(nobody.code, 2)
  assert.match(nobody.stderr, /"--gateway" needs the credential of a service account/)
  const stranger = { POSTERN_SERVICE_ACCOUNT: 'a.b.c' }
  assert.equal((await run(['export', ...there], stranger)).code, 3)
})
