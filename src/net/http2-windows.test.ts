import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../clock.ts'
import { findCollector } from '../collected.fixture.ts'
import { isBun } from '../is-bun.ts'
import { holdable, moveWindows, type Windows } from './http2-windows.ts'

const kib = 1024
const limits = {
  maxUnreadBytes: 1024 * kib,
  maxWindowBytes: 1024 * kib,
  minWindowBytes: 64 * kib,
}

const { startWindowBytes, minWindowBytes } = holdable(limits)

test('bytes that come one by one and wait count for what they cost, until they are read', async (t) => {
  const { session, near, far } = await openStream(t)
  assert.equal(session.remoteSettings.initialWindowSize, startWindowBytes)
  for (let sent = 0; sent < 3_000; sent += 1) {
    near.write('.')
    await nextTurn()
  }
  while (session.remoteSettings.initialWindowSize !== minWindowBytes) await nextTurn()
  // It looks again a second later, and finds it read.
  far.resume()
  while (session.remoteSettings.initialWindowSize !== startWindowBytes) {
    await once(session, 'remoteSettings')
  }
})

test('a stream that is read keeps its credit, however small the pieces', async (t) => {
  const { session, near, far } = await openStream(t)
  const reading = readBytes(far, 3_000)
  for (let sent = 0; sent < 3_000; sent += 1) {
    near.write('.')
    await nextTurn()
  }
  await reading
  assert.equal(session.remoteSettings.initialWindowSize, startWindowBytes)
})

test('pieces that waited and were read cost nobody any credit, however many they were', async (t) => {
  const { session, near, far } = await openStream(t, { makesRoom: false })
  // What is idle counts with its credit as soon as that is looked at.
  for (let idle = 0; idle < 2; idle += 1)
    session.request({ ':method': 'POST' }, { endStream: false }).on('error', () => undefined)
  for (let round = 0; round < 20; round += 1) {
    far.pause()
    for (let sent = 0; sent < 50; sent += 1) {
      near.write('.')
      await nextTurn()
    }
    far.on('data', () => undefined).resume()
    while (far.readableLength > 0) await nextTurn()
  }
  const answered = Promise.withResolvers<void>()
  session.ping(() => answered.resolve())
  await answered.promise
  assert.equal(session.remoteSettings.initialWindowSize, startWindowBytes)
})

test('a stream with more pieces than credit keeps in bounds is reset, and no other', async (t) => {
  const { session, near, far } = await openStream(t)
  const other = session.request({ ':method': 'POST' }, { endStream: false })
  other.on('error', () => undefined).write('..')
  const failed = new Promise((resolve) => far.once('error', resolve))
  const closed = new Promise((resolve) => near.once('close', resolve))
  // Each takes 512 bytes of the bound, twice that of what may be unread.
  for (let sent = 0; sent < 5_000 && !far.destroyed; sent += 1) {
    near.write('.')
    await nextTurn()
  }
  assert.equal(((await failed) as NodeJS.ErrnoException).code, 'too-many-pieces')
  await closed
  assert.deepEqual([other.destroyed, session.destroyed], [false, false])
})

/** What an end on Bun says of itself. */
const keeping = { maxHeaderListSize: 65_533 }
/** On Bun what begins while much is unread has half of the credit. */
const parts = 2

/** On Bun a window does not shrink below what a stream began with. */
const shrinking = { skip: isBun && 'Bun is lenient with what comes' }

test('an end that cannot do with less keeps its credit, however many streams there are', async (t) => {
  const { session } = await openStream(t, { settings: keeping })
  for (let begun = 0; begun < 4; begun += 1) beginStream(session)
  await heard(session)
  assert.equal(session.remoteSettings.initialWindowSize, startWindowBytes)
})

test('where credit is kept, the stream with most unread is reset beyond the bound, and no other', async (t) => {
  const { session, near, far } = await openStream(t, { settings: keeping })
  const other = beginStream(session)
  other.write(Buffer.alloc(100 * kib))
  // Twice what the streams of a connection may leave unread elsewhere.
  const many = Array.from({ length: 4 * parts }, () => beginStream(session))
  for (const stream of many) stream.write(Buffer.alloc((400 * kib) / parts))
  await heard(session)
  assert.deepEqual([far.destroyed, session.destroyed], [false, false])
  const failed = new Promise((resolve) => far.once('error', resolve))
  const closed = new Promise((resolve) => near.once('close', resolve))
  near.write(Buffer.alloc(startWindowBytes))
  assert.equal(((await failed) as NodeJS.ErrnoException).code, 'too-much-unread')
  await closed
  assert.deepEqual(
    [other, ...many].filter(({ destroyed }) => destroyed),
    [],
  )
  assert.equal(session.destroyed, false)
})

for (const mover of ['client', 'server'] as const) {
  test(
    `a ${mover} whose streams begin later gives an end that keeps credit little, also once all are over`,
    shrinking,
    async (t) => {
      const { client, server, windows, far } = await openEarly(t, mover, keeping)
      while (far.remoteSettings.initialWindowSize !== 512 * kib) await once(far, 'remoteSettings')
      const begun = once(server, 'stream') as Promise<[http2.ServerHttp2Stream]>
      const asked = beginStream(client)
      const [served] = await begun
      windows.add(mover === 'client' ? asked : served)
      const ends = [asked, served.on('error', () => undefined)]
      const closed = ends.map((end) => new Promise((resolve) => end.once('close', resolve)))
      asked.destroy(new Error('it has seen enough'))
      await Promise.all(closed)
      await heard(far)
      assert.equal(far.remoteSettings.initialWindowSize, 512 * kib)
    },
  )
}

test('an end that takes less later has its whole credit', shrinking, async (t) => {
  const { far } = await openEarly(t, 'client', {})
  await heard(far)
  assert.equal(far.remoteSettings.initialWindowSize, startWindowBytes)
})

test('whoever says nothing of itself is given less at once', shrinking, async (t) => {
  const { session } = await openStream(t)
  beginStream(session)
  while (session.remoteSettings.initialWindowSize !== 512 * kib) {
    await once(session, 'remoteSettings')
  }
})

test(
  'of whoever does not take less credit over streams are reset, the one with most unread first',
  shrinking,
  async (t) => {
    const { session, streams, codes } = await openUnheeding(t, 8)
    const unread = streams.filter(({ destroyed }) => !destroyed).map((it) => it.readableLength)
    assert.ok(codes.length > 0 && codes.length < 8, `${codes.length} were reset`)
    assert.deepEqual([...new Set(codes)], ['too-much-unread'])
    // Twice what may be unread, and what their credit allows.
    const held = unread.reduce((sum, bytes) => sum + bytes, 0)
    assert.ok(held <= (2 + 1) * limits.maxUnreadBytes, `${held} bytes wait`)
    assert.equal(session.destroyed, false)
  },
)

/** Streams on each of which all has come that its first credit allows: what is lowered later is never answered. */
async function openUnheeding(t: TestContext, count: number) {
  const server = http2.createServer({ settings: { initialWindowSize: startWindowBytes } })
  const streams: http2.ServerHttp2Stream[] = []
  const codes: unknown[] = []
  server.on('session', (session) => {
    session.setLocalWindowSize(2 * count * startWindowBytes)
    const windows = moveWindows(session, { limits, clock: systemClock })
    session.on('stream', (stream: http2.ServerHttp2Stream) => {
      stream.on('error', ({ code }: NodeJS.ErrnoException) => codes.push(code))
      streams.push(stream)
      windows.makeRoom()
      windows.add(stream)
    })
  })
  const begun = once(server, 'session') as Promise<[http2.ServerHttp2Session]>
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
  socket.on('error', () => undefined).resume()
  t.after(() => {
    socket.destroy()
    server.close()
  })
  const [session] = await begun
  const heardAll = once(session, 'ping')
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  // It acknowledges the first SETTINGS alone.
  for (const flags of [0, 1]) socket.write(frame(frameTypes.settings, flags, 0))
  const ids = Array.from({ length: count }, (_, index) => 2 * index + 1)
  // POST / of a (RFC 7541), without an end.
  const head = Buffer.from('838486410161', 'hex')
  for (const id of ids) socket.write(frame(frameTypes.headers, 4, id, head))
  const piece = Buffer.alloc(16 * kib)
  for (let sent = 0; sent < startWindowBytes; sent += piece.length) {
    for (const id of ids) socket.write(frame(frameTypes.data, 0, id, piece))
  }
  socket.write(frame(frameTypes.ping, 0, 0, Buffer.alloc(8)))
  await heardAll
  for (let turns = 0; turns < 2; turns += 1) await nextTurn()
  return { session, streams, codes }
}

const frameTypes = { data: 0, headers: 1, settings: 4, ping: 6 } as const

/** One frame (RFC 9113 §4.1). */
function frame(type: number, flags: number, id: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.set([type, flags], 3)
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

/** A connection before its first stream, one end of which moves the credit; the other says something of itself. */
async function openEarly(t: TestContext, mover: 'client' | 'server', said: http2.Settings) {
  const own = { initialWindowSize: startWindowBytes }
  const early = { ...limits, keptWindowBytes: 512 * kib }
  const move = (session: http2.Http2Session) =>
    moveWindows(session, { limits: early, clock: systemClock })
  const listening = http2.createServer({ settings: mover === 'server' ? own : said })
  // Before its other end can have said anything.
  const begun = new Promise<readonly [http2.ServerHttp2Session, Windows | undefined]>((resolve) => {
    listening.once('session', (it) => resolve([it, mover === 'server' ? move(it) : undefined]))
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  const client = http2.connect(`http://127.0.0.1:${port}`, {
    settings: mover === 'client' ? own : said,
  })
  t.after(() => {
    client.destroy()
    listening.close()
  })
  const ofClient = mover === 'client' ? move(client) : undefined
  const [server, ofServer] = await begun
  const windows = ofClient ?? ofServer
  assert.ok(windows)
  const far = mover === 'client' ? server : client
  if (far.remoteSettings.initialWindowSize !== startWindowBytes) await once(far, 'remoteSettings')
  return { client, server, windows, far }
}

/** What its other end says of all that it has been sent is here: an answer to PING overtakes SETTINGS, not those before it. */
async function heard(session: http2.Http2Session): Promise<void> {
  for (let pings = 0; pings < 2; pings += 1) {
    await new Promise<void>((resolve) => session.ping(() => resolve()))
  }
}

function beginStream(session: http2.ClientHttp2Session): http2.ClientHttp2Stream {
  return session.request({ ':method': 'POST' }, { endStream: false }).on('error', () => undefined)
}

async function readBytes(stream: http2.ServerHttp2Stream, wanted: number): Promise<void> {
  let got = 0
  for await (const { length } of stream as AsyncIterable<Buffer>) {
    got += length
    if (got >= wanted) return
  }
}

/** A stream of a client, and its other end with its credit moved. */
async function openStream(t: TestContext, { makesRoom = true, settings = {} } = {}) {
  const server = http2.createServer({ settings: { initialWindowSize: startWindowBytes } })
  server.on('session', (session) => {
    const windows = moveWindows(session, { limits, clock: systemClock })
    session.on('stream', (stream) => {
      if (makesRoom) windows.makeRoom()
      windows.add(stream)
    })
  })
  const opened = once(server, 'stream') as Promise<[http2.ServerHttp2Stream]>
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    settings,
  })
  t.after(() => {
    session.destroy()
    server.close()
  })
  await once(session, 'remoteSettings')
  const near = session.request({ ':method': 'POST' }, { endStream: false })
  const [far] = await opened
  far.on('error', () => undefined).respond({ ':status': 200 })
  near.on('error', () => undefined)
  return { session, near, far }
}

/** What is in use is not told by Bun. */
const onNode = { skip: isBun && 'Bun tells no memory of buffers' }

test('a byte that waits keeps nothing of what came with it in memory', onNode, async (t) => {
  const collect = findCollector()
  const { session, near, far } = await openStream(t)
  const begun = once(far.session as http2.ServerHttp2Session, 'stream')
  const other = beginStream(session)
  const [beside] = (await begun) as [http2.ServerHttp2Stream]
  beside.on('error', () => undefined).resume()
  collect()
  const { arrayBuffers: before } = process.memoryUsage()
  for (let sent = 0; sent < 1_000; sent += 1) {
    near.write('.')
    await new Promise((resolve) => other.write(Buffer.alloc(16 * kib), resolve))
  }
  await heard(session)
  assert.equal(far.readableLength, 1_000)
  // What was collected is given back by another thread, a moment later.
  let held = Infinity
  for (let turns = 0; turns < 200 && held >= 4 * 1024 * kib; turns += 1) {
    collect()
    held = process.memoryUsage().arrayBuffers - before
    await nextTurn()
  }
  assert.ok(held < 4 * 1024 * kib, `${held} bytes of memory`)
})
