import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { startChild, type Child, type Result } from './child.ts'
import { startChromiumOn } from './peers/chromium.ts'
import { openNamespace } from './peers/namespaces.ts'
import { startPebble } from './peers/pebble.ts'
import { ensurePagesBuilt } from './pages-built.ts'
import { maxBulkTestMs, peerTest, program } from './peers.ts'
import { personAt } from './person.ts'
import { posternCommand } from './rig.ts'
import type { Scope } from './scope.ts'

const host = 'access.example.test'
const origin = `https://${host}`
/** The promise: from the first command to the first byte, in milliseconds. */
const promisedMs = 300_000

/** A machine with a name and nothing else: an authority on the Internet that it reaches, and a service beside it. */
async function startMachine(scope: Scope) {
  const machine = await openNamespace(scope, `127.0.0.1 localhost\n127.0.0.1 ${host}\n`)
  await machine.shell('ip link set lo up')
  const pebble = await startPebble(scope, { tlsPort: 443, httpPort: 80, machine })
  const service = 'TCP-LISTEN:5432,bind=127.0.0.1,reuseaddr,fork'
  machine.start(program('socat'), [service, 'EXEC:cat'])
  const home = join(scope.directory, 'operator')
  await mkdir(home, { mode: 0o700 })
  scope.secrets.home(home)
  const options = {
    env: { HOME: home, XDG_STATE_HOME: join(home, '.state'), PATH: '/usr/bin:/bin' },
  }
  const start = (...args: readonly string[]): Child => {
    const [node, line] = posternCommand(...args)
    // Whoever enters another machine is in its root directory.
    const enter = 'cd "$HOME" && exec "$@"'
    return machine.start('/bin/sh', ['-c', enter, 'sh', node, ...line], options)
  }
  return {
    machine,
    pebble,
    home,
    start,
    async run(...args: readonly string[]): Promise<Result> {
      const child = start(...args)
      const ending = await child.ended
      assert.equal(ending, 0, child.errors())
      return { ending, bytes: child.bytes(), output: child.output(), errors: child.errors() }
    },
  }
}

describe('from nothing to a first signed-in tunnel', () => {
  peerTest(
    'with a provider, and a certificate of a real ACME server',
    ['Pebble', 'network namespaces', 'socat', 'curl'],
    async (scope) => {
      const { machine, pebble, home, run, start } = await startMachine(scope)
      const provider = machine.start(process.execPath, [
        join(import.meta.dirname, 'first-provider.ts'),
        '9000',
        'a secret of the provider',
        `${origin}/oauth2/callback`,
      ])
      const [, issuer = ''] = await provider.says(/ready at (\S+)/)
      scope.secrets.provider({ issuer: new URL(issuer), signInCount: 1 })
      await writeFile(join(home, 'secret'), 'a secret of the provider\n', { mode: 0o600 })
      const beganMs = performance.now()

      const made = await run(
        ...`gateway init --host ${host} --email ann@example.com`.split(' '),
        ...`--autocert-ca ${pebble.directoryUrl} --provider oidc --provider-url ${issuer}`.split(
          ' ',
        ),
        ...`--client-id postern --client-secret-file secret --service db=127.0.0.1:5432`.split(' '),
        '--autocert-trusted-ca-file',
        pebble.caFile,
      )
      assert.match(made.errors, new RegExp(`postern login ${origin}$`, 'm'))
      await run('gateway', 'check')
      const gateway = start('gateway')
      await gateway.says(/"message":"certificate fetched"/)

      const caFile = join(scope.directory, 'root.pem')
      await writeFile(caFile, await pebble.root())
      const ann = await personAt(scope, { origin, caFile }, 'ann@example.com')
      const args = ann.tcpArgs('db.internal:5432', '--listen', '-')
      const [command, line] = machine.command(...posternCommand(...args))
      const tunnel = startChild(scope, command, line, { env: ann.env, cwd: ann.home })
      tunnel.stdin.write('hello')
      await tunnel.says(/hello/)
      assert.ok(performance.now() - beganMs < promisedMs)
      tunnel.stdin.end()
      assert.equal(await tunnel.ended, 0, tunnel.errors())
    },
    maxBulkTestMs + promisedMs,
  )

  peerTest(
    'with passkeys, and nobody else than a certificate authority',
    ['Pebble', 'network namespaces', 'socat', 'curl', 'Chromium', 'OpenSSL'],
    async (scope) => {
      ensurePagesBuilt()
      const { machine, pebble, home, run, start } = await startMachine(scope)
      const beganMs = performance.now()

      await run(
        ...`gateway init --host ${host} --email ann@example.com`.split(' '),
        ...`--autocert-ca ${pebble.directoryUrl} --service db=127.0.0.1:5432`.split(' '),
        '--autocert-trusted-ca-file',
        pebble.caFile,
      )
      const gateway = start('gateway')
      await gateway.says(/"message":"certificate fetched"/)
      const invited = await run('gateway', 'accounts', 'invite', 'ann@example.com')

      const seen = `openssl s_client -connect ${host}:443 -servername ${host} </dev/null`
      await machine.shell(`${seen} 2>/dev/null | openssl x509 > '${join(home, 'cert.pem')}'`)
      const { page } = await startChromiumOn(machine, scope, { home })
      const debug = await page.context().newCDPSession(page)
      await debug.send('WebAuthn.enable')
      await debug.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2',
          transport: 'internal',
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      })
      await page.goto(invited.output.trim())
      await page.getByLabel('Your name').fill('Ann')
      await page.getByRole('button', { name: 'Make a passkey' }).click()
      await page.getByText('Add a second passkey now').waitFor()

      const caFile = join(scope.directory, 'root.pem')
      await writeFile(caFile, await pebble.root())
      const ann = await personAt(scope, { origin, caFile }, 'ann@example.com')
      const args = ann.tcpArgs('db.internal:5432', '--listen', '-', '--browser-cmd', '/bin/true')
      const [command, line] = machine.command(...posternCommand(...args))
      const tunnel = startChild(scope, command, line, { env: ann.env, cwd: ann.home })
      tunnel.stdin.write('hello')
      const [, signIn = ''] = await tunnel.says(/sign in at:\n\n {2}(\S+)\n/)
      await page.goto(signIn)
      await tunnel.says(/hello/)
      assert.ok(performance.now() - beganMs < promisedMs)
      tunnel.stdin.end()
      assert.equal(await tunnel.ended, 0, tunnel.errors())
    },
    maxBulkTestMs + promisedMs,
  )
})
