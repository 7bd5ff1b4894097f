import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runChecker } from '../../src/autostart/run-checker.fixture.ts'
import { createDaemonClient, type DaemonClient } from '../../src/desktop/api/ask-daemon.ts'
import { followSignIn, startFakeGateway } from '../../src/reach/fake-gateway.fixture.ts'
import { createSandbox, runPostern, startPostern } from './program.ts'

const options = { timeout: 120_000, skip: process.platform !== 'linux' }

/** A desktop whose programs only note what they are given, and a daemon. */
async function startDesktop(t: TestContext) {
  const sandbox = await createSandbox()
  t.after(() => sandbox[Symbol.asyncDispose]())
  const home = sandbox.path
  const bin = join(home, 'bin')
  mkdirSync(join(home, 'Desktop'))
  mkdirSync(bin)
  for (const program of ['notify-send', 'xdg-open']) {
    const path = join(bin, program)
    const note = `printf '%s\\n' "$@" >'${home}/${program}.draft' && mv '${home}/${program}.draft' '${home}/${program}.said'`
    writeFileSync(path, `#!/bin/sh\n${note}\n`)
    chmodSync(path, 0o755)
  }
  const env = {
    ...sandbox.env,
    HOME: home,
    XDG_RUNTIME_DIR: join(home, 'run'),
    PATH: `${bin}:${process.env['PATH']}`,
    DISPLAY: ':99',
    // Or GLib would start a bus for this screen.
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
  }
  const daemon = startPostern(['up', '--foreground'], { env })
  t.after(() => daemon.child.kill('SIGTERM'))
  await daemon.untilStderr(/ready/)
  const client = createDaemonClient(join(home, '.local/state/postern/desktop/daemon.sock'))
  return {
    home,
    env,
    client,
    said: (program: string) => readWhenThere(join(home, `${program}.said`)),
  }
}

async function readWhenThere(path: string): Promise<string> {
  const there = Promise.withResolvers<void>()
  const watcher = watch(dirname(path), (_, name) => {
    if (name === basename(path)) there.resolve()
  })
  try {
    return readFileSync(path, 'utf8')
  } catch {
    await there.promise
    return readFileSync(path, 'utf8')
  } finally {
    watcher.close()
  }
}

test('a shortcut connects without a terminal, and says where', options, async (t) => {
  await using gateway = await startFakeGateway()
  const { home, env, client, said } = await startDesktop(t)
  const name = '../Orders "db" $(id) %f'
  const { id } = await client.ask('POST /connections', {
    name,
    destination: 'db.example.com:5432',
    gateway: gateway.origin,
    ca_cert: gateway.ca,
  })
  const way = { gateway: gateway.origin, ca_cert: gateway.ca }
  const { url = '' } = await client.ask('POST /gateways/sign-in', way)
  await followSignIn(url)
  await signedIn(client)
  const saved = await runPostern(['desktop', 'shortcut', name], { env })
  assert.equal(saved.code, 0, saved.stderr)
  const path = saved.stdout.trimEnd()
  assert.equal(path, join(home, 'Desktop', '-Orders -db- $(id) %f.desktop'))
  assert.equal((await client.ask('GET /state')).connections[0]?.is_up, false)

  const launched = await runChecker(t, 'gio', ['launch', path], { ...env, XDG_DATA_HOME: home })
  if (launched === undefined) return
  assert.equal(launched.code, 0, launched.stderr)
  const [, , , title, text] = (await said('notify-send')).split('\n')
  const { connections } = await client.ask('GET /state')
  assert.equal(title, name)
  assert.equal(text, `is at ${connections[0]?.address}`)
  assert.equal(connections[0]?.is_up, true)
  assert.equal(connections[0]?.id, id)
})

/** Resolves once the daemon has the session. */
async function signedIn(client: DaemonClient): Promise<void> {
  for await (const event of client.follow(AbortSignal.timeout(60_000))) {
    if (event.kind !== 'state' && event.kind !== 'changed') continue
    const { gateways = [] } = event.kind === 'state' ? event.state : event
    if (gateways.some(({ session }) => session === 'signed-in')) return
  }
}

test('what needs the person opens the window', options, async (t) => {
  const gateway = await startFakeGateway()
  t.after(() => gateway[Symbol.asyncDispose]())
  const { env, client, said } = await startDesktop(t)
  const { id } = await client.ask('POST /connections', {
    name: 'db',
    destination: 'db.example.com:5432',
    gateway: gateway.origin,
    ca_cert: gateway.ca,
  })
  const connected = await runPostern(['desktop', 'connect', id], { env })
  assert.equal(connected.code, 0, connected.stderr)
  assert.match(await said('xdg-open'), /^http:\/\/.*#code=/)
  assert.match(await said('notify-send'), /^db\nsign in/m)
  assert.equal(gateway.logins, 0)
})

test('a connection that is gone is said on the desktop', options, async (t) => {
  const { env, said } = await startDesktop(t)
  const { code, stderr } = await runPostern(['desktop', 'connect', 'gone-1'], { env })
  assert.equal(code, 2)
  assert.match(stderr, /gone-1/)
  assert.match(await said('notify-send'), /^Postern$[^]*gone-1/m)
})

test('an application by its host name has a shortcut without a connection', options, async (t) => {
  const sandbox = await createSandbox()
  t.after(() => sandbox[Symbol.asyncDispose]())
  const env = { ...sandbox.env, HOME: sandbox.path }
  mkdirSync(join(sandbox.path, 'Desktop'))
  const words = ['desktop', 'shortcut', 'Orders', '--hostname', 'tcp.site.com']
  const saved = await runPostern([...words, '--url', 'localhost:9210'], { env })
  assert.equal(saved.code, 0, saved.stderr)
  assert.match(
    readFileSync(saved.stdout.trimEnd(), 'utf8'),
    /^Exec=.* access tcp --hostname=tcp\.site\.com --url=localhost:9210$/m,
  )
  const wrong = await runPostern([...words, '--url', 'nowhere'], { env })
  assert.equal(wrong.code, 2, wrong.stderr)
})
