import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../clock.ts'
import { isBun } from '../is-bun.ts'
import { holdable, moveWindows } from './http2-windows.ts'

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

/** On Bun a window does not shrink below what a stream began with. */
const shrinking = { skip: isBun && 'Bun is lenient with what comes' }

test('an end that cannot do with less keeps its credit, to a bound', shrinking, async (t) => {
  const settings = { maxHeaderListSize: 65_533 }
  const { session } = await openStream(t, { settings })
  const begin = (): void => {
    const stream = session.request({ ':method': 'POST' }, { endStream: false })
    stream.on('error', () => undefined)
  }
  begin()
  await new Promise<void>((resolve) => session.ping(() => resolve()))
  assert.equal(session.remoteSettings.initialWindowSize, 1024 * kib)
  begin()
  while (session.remoteSettings.initialWindowSize !== 256 * kib) {
    await once(session, 'remoteSettings')
  }
})

test('whoever says nothing of itself is given less at once', shrinking, async (t) => {
  const { session } = await openStream(t)
  session.request({ ':method': 'POST' }, { endStream: false }).on('error', () => undefined)
  while (session.remoteSettings.initialWindowSize !== 512 * kib) {
    await once(session, 'remoteSettings')
  }
})

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
