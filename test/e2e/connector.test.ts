import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { alice } from '../../src/gateway/device.fixture.ts'
import { testCa } from '../../src/gateway/gateway.fixture.ts'
import { startPublishRig, type PublishRig } from '../../src/pages/publish/publish.fixture.ts'
import { encodePublishCredential } from '../../src/tunnel/publish-credential.ts'
import { createSandbox, startPostern, type Running } from '../cli/program.ts'

const route = `routes:
  - from: tcp+https://tcp.site.com:7870
    to: connector://tcp.site.com
    allow_public_unauthenticated_access: true
`

interface Rig {
  readonly rig: PublishRig
  readonly home: string
  /** Starts `postern` with a home in which somebody has signed in to publish. */
  start(...args: readonly string[]): Running
  /** What comes back for a text through the gateway, or the error that is said. */
  send(text: string): Promise<{ readonly code: number | null; readonly text: string }>
}

async function openRig(t: TestContext): Promise<Rig> {
  const rig = await startPublishRig(t)
  await rig.reload((yaml) => yaml.replace(/^routes:.*$/m, route))
  const sandbox = await createSandbox()
  const started: Running[] = []
  t.after(async () => {
    for (const { child } of started) child.kill('SIGKILL')
    await Promise.all(started.map(({ ended }) => ended))
    await sandbox[Symbol.asyncDispose]()
  })
  const { credential } = await rig.publisher(alice, 'site.com')
  const home = sandbox.path
  await mkdir(join(home, '.postern'), { mode: 0o700 })
  const { id, secret, site, expires_at: expires } = credential
  const text = encodePublishCredential({
    gateway: rig.origin,
    site,
    id,
    secret,
    expires,
    ca: testCa,
  })
  await writeFile(join(home, '.postern', 'cert.pem'), text, { mode: 0o600 })
  const ca = join(home, 'ca.pem')
  await writeFile(ca, testCa)
  const start = (...args: readonly string[]): Running => {
    const running = startPostern(args, { env: { ...sandbox.env, HOME: home } })
    started.push(running)
    return running
  }
  return {
    rig,
    home,
    start,
    async send(text) {
      const gateway = ['--gateway', rig.origin, '--ca-file', ca]
      const client = start('tcp', '--listen', '-', ...gateway, 'tcp.site.com:7870')
      client.child.stdin?.end(text)
      const { code, stdout, stderr } = await client.ended
      return { code, text: code === 0 ? stdout : stderr }
    },
  }
}

async function startEcho(t: TestContext): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

const connected = /Registered tunnel connection connIndex=0 connection=\S+ ip=\S+ location=/

describe('a private service behind a connector', () => {
  test('is published by one line, reached by name, and gone with its connector', async (t) => {
    const { start, send, home } = await openRig(t)
    const port = await startEcho(t)
    const line = ['--hostname', 'tcp.site.com', '--url', `tcp://127.0.0.1:${port}`]
    const connector = start('tunnel', ...line)
    await connector.untilStderr(/"tcp\.site\.com" leads to the tunnel "tcp\.site\.com"/)
    await connector.untilStderr(/"tcp\.site\.com" does not resolve here[^]*hint: add /)
    await connector.untilStderr(connected)
    assert.deepEqual(await send('through both'), { code: 0, text: 'through both' })
    const files = (await readdir(join(home, '.postern'))).filter((name) => name.endsWith('.json'))
    assert.equal(files.length, 1)
    const { mode } = await stat(join(home, '.postern', files[0] ?? ''))
    assert.equal(mode & 0o777, 0o600)
    connector.child.kill('SIGTERM')
    assert.equal((await connector.ended).code, 0)
    const { code, text } = await send('nobody')
    assert.equal(code, 6)
    assert.match(text, /no connector of the tunnel "tcp\.site\.com" is here|cannot be reached/)
    // A second time finds what the first has made.
    const again = start('tunnel', ...line)
    await again.untilStderr(connected)
    assert.equal((await send('again')).text, 'again')
  })

  test("a tunnel of one's own is run by its name, and ends with 4 when it is deleted", async (t) => {
    const { start, send } = await openRig(t)
    const port = await startEcho(t)
    assert.equal((await start('tunnel', 'create', 'tcp.site.com').ended).code, 0)
    const connector = start('tunnel', 'run', 'tcp.site.com', '--url', `tcp://127.0.0.1:${port}`)
    await connector.untilStderr(connected)
    assert.equal((await send('by name')).text, 'by name')
    const removed = start('tunnel', 'delete', '--force', 'tcp.site.com')
    assert.equal((await removed.ended).code, 0)
    const { code, stderr } = await connector.ended
    assert.equal(code, 4, stderr)
    assert.match(stderr, /postern: error: .*deleted/)
  })
})
