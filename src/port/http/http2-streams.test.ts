import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { test } from 'node:test'
import { isBun } from '../../is-bun.ts'
import { holdable } from '../../net/http2-windows.ts'
import { creditMayShrink } from '../../net/runtime-http2.ts'
import { tunnelWindows } from './http2-streams.ts'
import {
  echo,
  startService,
  startTestGateway,
  testCa,
  testRoute,
} from '../../gateway/gateway.fixture.ts'

test('a connection is allowed many streams and bytes once it carries a tunnel, and not before', async (t) => {
  await using service = await startService(echo)
  await using gateway = await startTestGateway([
    testRoute('tcp+https://echo.example.com:7', [service.port]),
  ])
  const session = http2.connect(`https://localhost:${gateway.port}`, { ca: testCa })
  t.after(() => session.destroy())
  const [first] = (await once(session, 'remoteSettings')) as [http2.Settings]
  assert.equal(first.maxConcurrentStreams, 32)

  assert.equal(await statusOf(connect(session, 'nothing.example.com:7')), 404)
  assert.equal(session.remoteSettings.maxConcurrentStreams, 32)
  // Bun's client tells the credit of streams by this name.
  if (!isBun) assert.equal(session.state.remoteWindowSize, 65_535)

  const changed = once(session, 'remoteSettings') as Promise<[http2.Settings]>
  assert.equal(await statusOf(connect(session, 'echo.example.com:7')), 200)
  assert.equal((await changed)[0].maxConcurrentStreams, 250)
  if (!isBun) assert.equal(session.state.remoteWindowSize, 8 * 1024 * 1024)

  const more = Array.from({ length: 60 }, () => connect(session, 'echo.example.com:7'))
  assert.deepEqual([...new Set(await Promise.all(more.map(statusOf)))], [200])
  // A tunnel's credit falls as they come: 61 of them stay within 8 MiB that nobody has read. Where it may not fall so
  // far, that of the connection bounds them.
  const bytes = creditMayShrink ? 128 * 1024 : 256 * 1024
  assert.equal(session.remoteSettings.initialWindowSize, bytes)
})

test(
  'clients of a service that reads nothing leave no more unread together than all may',
  { timeout: 60_000 },
  async (t) => {
    await using service = await startService((socket) => void socket.pause())
    await using other = await startService(echo)
    await using gateway = await startTestGateway([
      testRoute('tcp+https://slow.example.com:7', [service.port]),
      testRoute('tcp+https://echo.example.com:7', [other.port]),
    ])
    const { startWindowBytes } = holdable(tunnelWindows)
    // With all of their credit they would be above the bound.
    const length = creditMayShrink ? 80 : 110
    const sessions = Array.from({ length }, () =>
      http2.connect(`https://localhost:${gateway.port}`, { ca: testCa }).on('error', () => {}),
    )
    t.after(() => sessions.forEach((session) => session.destroy()))
    const streams = sessions.map((session) => connect(session, 'slow.example.com:7'))
    await Promise.all(streams.map(statusOf))
    const read = http2.connect(`https://localhost:${gateway.port}`, { ca: testCa })
    sessions.push(read)
    await statusOf(connect(read, 'echo.example.com:7'))
    const lowered = sessions.slice(0, -1).map(async (session) => {
      while (windowOf(session) > startWindowBytes / 2) await once(session, 'remoteSettings')
    })
    // More than the kernel takes for the service.
    const bytes = Buffer.alloc(16 * 1024 * 1024)
    for (const stream of streams) stream.write(bytes)
    await Promise.all(lowered)
    assert.equal(windowOf(read), startWindowBytes)
  },
)

function windowOf(session: http2.ClientHttp2Session): number {
  return session.remoteSettings.initialWindowSize ?? Number.NaN
}

function connect(session: http2.ClientHttp2Session, authority: string): http2.ClientHttp2Stream {
  return session.request({ ':method': 'CONNECT', ':authority': authority }).on('error', () => {})
}

async function statusOf(stream: http2.ClientHttp2Stream): Promise<number> {
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  return Number(headers[':status'])
}
