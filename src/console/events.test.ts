import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { localActor } from '../control/change.ts'
import {
  connectHead,
  connectTls,
  echo,
  startService,
  testCa,
  testCertificate,
} from '../gateway/gateway.fixture.ts'
import { runGateway } from '../gateway/run.ts'
import { loadPages } from './pages.ts'

const target = 'db.example.com:5432'
const path = '/api/v1/events'

async function startRig(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-events-'))
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  await writeFile(join(folder, 'cert.pem'), testCertificate.cert)
  await writeFile(join(folder, 'key.pem'), testCertificate.key, { mode: 0o600 })
  const config = join(folder, 'postern.yaml')
  const yaml = `address: 127.0.0.1:0
certificate_file: cert.pem
certificate_key_file: key.pem
state_directory: state
administrators: [boss]
routes:
  - {from: "tcp+https://${target}", to: "tcp://127.0.0.1:${service.port}", allow_public_unauthenticated_access: true}
`
  await writeFile(config, yaml, { mode: 0o600 })
  const sink = { write: () => undefined }
  const gateway = await runGateway({
    path: config,
    env: {},
    logSink: sink,
    pages: await loadPages(),
  })
  t.after(async () => {
    await gateway.close(0)
    await rm(folder, { recursive: true, force: true })
  })
  const creation = { id: 'boss', description: '', format: 'jwt', expires_at: null } as const
  const { credential } = await gateway.operations.createServiceAccount(localActor, creation)
  const { port } = gateway.address
  const open = async () => {
    const socket = await connectTls(port)
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
    socket.write(connectHead(target))
    await once(socket, 'data')
    return socket
  }
  return { gateway, port, authorization: `Bearer ${credential}`, open }
}

/** Resolves once a text has come. */
function reading(stream: NodeJS.ReadableStream): (wanted: RegExp) => Promise<string> {
  let text = ''
  const waiting = new Set<() => void>()
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    for (const look of waiting) look()
  })
  return (wanted) =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!wanted.test(text)) return
        waiting.delete(look)
        resolve(text)
      }
      waiting.add(look)
      look()
    })
}

test(
  'events come over HTTP/1.1 and HTTP/2 as they happen, and end with the role',
  { timeout: 60_000 },
  async (t) => {
    const { gateway, port, authorization, open } = await startRig(t)
    const session = connect(`https://localhost:${port}`, { ca: testCa })
    t.after(() => session.destroy())
    const stream = session.request({ ':path': path, authorization })
    const http2 = reading(stream)
    const socket = await connectTls(port)
    t.after(() => socket.destroy())
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: ${authorization}\r\n\r\n`,
    )
    const http1 = reading(socket)
    assert.match(
      await http1(/event: hello/),
      /^HTTP\/1\.1 200 OK\r\n[^]*content-type: text\/event-stream/i,
    )
    await http2(/event: hello/)
    const tunnel = await open()
    for (const seen of [http1, http2]) await seen(/"opened":\[\{"id"/)
    tunnel.write('x'.repeat(100))
    for (const seen of [http1, http2]) await seen(/"bytes":\[\["[^"]+",100,/)
    const ended = once(stream, 'end')
    await gateway.operations.revokeServiceAccount(localActor, 'boss')
    await ended
  },
)

test('a gateway ends although somebody reads its events', { timeout: 60_000 }, async (t) => {
  const { gateway, port, authorization } = await startRig(t)
  const session = connect(`https://localhost:${port}`, { ca: testCa })
  session.on('error', () => undefined)
  t.after(() => session.destroy())
  const stream = session.request({ ':path': path, authorization })
  stream.on('error', () => undefined)
  await reading(stream)(/event: hello/)
  const closed = once(stream, 'close')
  await gateway.close(0)
  await closed
})
