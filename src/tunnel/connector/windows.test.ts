import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Http2Session, Http2Stream } from 'node:http2'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFakeClock, type FakeClock } from '../../fake-clock.ts'
import { always, openEnds } from './ends.fixture.ts'
import { holdable } from '../../net/http2-windows.ts'
import { creditMayShrink } from '../../net/runtime-http2.ts'
import { windowFor as windowOf } from '../../net/window-for.ts'
import { streamWindows } from './windows.ts'

const mib = 1024 * 1024
const windowFor = (unread: readonly number[]): number => windowOf(unread, streamWindows)
/** What streams begin with, and what one that is stopped then holds at least. */
const { startWindowBytes } = holdable(streamWindows)
const fullBytes = 0.97 * startWindowBytes
/** Bun gives no stream more than it began with. */
const growing = { skip: !creditMayShrink }
/** What 1 Gbit/s has under way over 100 ms, in bytes. */
const longFatLine = 12_500_000

test('a few streams get the whole credit, many a part of it, and none too little to run', () => {
  const empty = (count: number): number[] => Array<number>(count).fill(0)
  assert.equal(windowFor([]), 32 * mib)
  assert.equal(windowFor(empty(2)), 32 * mib)
  assert.equal(windowFor(empty(3)), 16 * mib)
  assert.equal(windowFor(empty(100)), 0.5 * mib)
  assert.equal(windowFor(empty(2_000)), 64 * 1024)
  assert.equal(windowFor([32 * mib, 31 * mib, 0]), mib)
})

test('whatever streams hold unread, all of them together stay within the bound', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(32 * mib), { maxLength: 300 }), (unread) => {
      const window = windowFor(unread)
      const held = unread.reduce((sum, bytes) => sum + bytes, 0)
      const most = unread.reduce((sum, bytes) => sum + Math.max(bytes, window), 0)
      assert.ok(most <= 64 * mib || window === 64 * 1024)
      assert.ok(most <= Math.max(held, 64 * mib) + unread.length * 64 * 1024)
    }),
  )
})

for (const reader of ['gateway', 'connector'] as const) {
  test(
    `a stream that is read at the ${reader} may have as much under way as a long fat line takes`,
    growing,
    async () => {
      using rig = await openLongLine(reader)
      assert.equal(rig.credit(), 4 * mib)
      assert.ok((rig.sender.state.remoteWindowSize ?? 0) > 2 * longFatLine)
      while (rig.credit() < 2 * longFatLine) await once(rig.sender, 'remoteSettings')
      assert.equal(rig.credit(), 32 * mib)
    },
  )
}

test('streams begin with little again when none is left', growing, async () => {
  using rig = await openLongLine('connector')
  while (rig.credit() < 2 * longFatLine) await once(rig.sender, 'remoteSettings')
  rig.stream.destroy(new Error('it has seen enough'))
  while (rig.credit() > 4 * mib) await once(rig.sender, 'remoteSettings')
})

for (const side of ['gateway', 'connector'] as const) {
  test(`a hundred streams that nobody reads at the ${side} hold little`, async () => {
    using rig = await openRig(side)
    await rig.openStreams(1)
    await rig.settled()
    assert.ok(rig.heldBytes() <= startWindowBytes, `one alone holds ${rig.heldBytes()}`)
    await rig.openStreams(99)
    await rig.settled()
    const held = rig.heldBytes()
    assert.ok(held <= 72 * mib, `a hundred hold ${held / mib} MiB`)
    assert.ok(Math.min(...rig.unread.map(({ readableLength }) => readableLength)) >= 64 * 1024)
  })

  test(`a stream at the ${side} that was stopped goes on when it is read, with whatever credit it has`, async () => {
    using rig = await openRig(side)
    await rig.openStreams(1)
    await rig.settled()
    await rig.openStreams(99)
    await rig.settled()
    const [first] = rig.unread
    assert.ok(first)
    assert.ok(first.readableLength > fullBytes)
    let got = 0
    for await (const chunk of first as AsyncIterable<Buffer>) {
      got += chunk.length
      if (got > 100 * mib) break
    }
    assert.ok(got > 100 * mib)
  })

  test(`streams at the ${side} have more credit again when others have ended`, async () => {
    using rig = await openRig(side)
    await rig.openStreams(100)
    await rig.settled()
    const last = rig.unread.at(-1)
    const others = rig.unread.slice(0, -1)
    assert.ok(last)
    assert.ok(last.readableLength <= mib)
    const closed = others.map((stream) => new Promise((resolve) => stream.once('close', resolve)))
    for (const stream of others) stream.destroy(new Error('it has seen enough'))
    await Promise.all(closed)
    await rig.settled()
    rig.clock.advance(1_000)
    await rig.settled()
    assert.ok(last.readableLength > fullBytes, `it holds ${last.readableLength}`)
  })
}

interface LongLine extends Disposable {
  /** The session of the side that sends, the whole time. */
  readonly sender: Http2Session
  readonly stream: Duplex
  /** What the reader lets a stream have under way. */
  credit(): number
}

/** One stream, which is read as it comes, over a line that holds whatever is sent. */
async function openLongLine(reader: 'gateway' | 'connector'): Promise<LongLine> {
  const atConnector = Promise.withResolvers<Duplex>()
  const ends = await openEnds({
    onStream: (offer) => atConnector.resolve(offer.accept()),
    via: openDelay,
  })
  const atGateway = await ends.gateway.openStream({ authority: 'a:1', grant: '' }, always)
  const streams = { gateway: atGateway, connector: await atConnector.promise }
  for (const stream of Object.values(streams)) stream.on('error', () => undefined)
  const writer = streams[reader === 'gateway' ? 'connector' : 'gateway']
  const sender = sessionOf(writer)
  assert.ok(sender)
  streams[reader].resume()
  writeForEver(writer)
  return {
    sender,
    stream: streams[reader],
    credit: () => sender.remoteSettings.initialWindowSize ?? 0,
    [Symbol.dispose]: () => ends[Symbol.dispose](),
  }
}

/** Puts a line in front of a port on which 100 ms go by there and back again. */
async function openDelay(port: number): Promise<number> {
  const pass = (from: Socket, to: Socket): void => {
    from.on('error', () => undefined)
    from.on('data', (chunk) => void setTimeout(() => to.writable && to.write(chunk), 50))
    from.on('close', () => to.destroy())
  }
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    pass(near, far)
    pass(far, near)
    server.close()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

interface Rig extends Disposable {
  readonly clock: FakeClock
  /** The streams at the side that does not read them. */
  readonly unread: readonly Duplex[]
  openStreams(count: number): Promise<void>
  /** Resolves when nothing more comes: both sides have nothing on their way. */
  settled(): Promise<void>
  heldBytes(): number
}

/** Streams whose other side writes without end, and which this one never reads. */
async function openRig(reader: 'gateway' | 'connector'): Promise<Rig> {
  const clock = createFakeClock()
  const unread: Duplex[] = []
  const take = (stream: Duplex, isReader: boolean): void => {
    stream.on('error', () => undefined)
    if (isReader) unread.push(stream)
    else writeForEver(stream)
  }
  const ends = await openEnds({
    clock,
    onStream: (offer) => take(offer.accept(), reader === 'connector'),
  })
  const heldBytes = (): number => unread.reduce((sum, { readableLength: held }) => sum + held, 0)
  return {
    clock,
    unread,
    heldBytes,
    async openStreams(count) {
      for (let opened = 0; opened < count; opened += 1) {
        const stream = await ends.gateway.openStream({ authority: 'a:1', grant: '' }, always)
        take(stream, reader === 'gateway')
      }
    },
    async settled() {
      let [before, calm] = [-1, 0]
      while (calm < 30) {
        calm = heldBytes() === before ? calm + 1 : 0
        before = heldBytes()
        await ping(unread.find(({ destroyed }) => !destroyed))
      }
    },
    [Symbol.dispose]: () => ends[Symbol.dispose](),
  }
}

function writeForEver(stream: Duplex): void {
  const chunk = Buffer.alloc(64 * 1024)
  const write = (): void => {
    while (!stream.destroyed && stream.write(chunk));
  }
  stream.on('drain', write)
  write()
}

function sessionOf(stream: Duplex): Http2Session | undefined {
  return (stream as Http2Stream).session
}

/** There and back again. */
function ping(stream: Duplex | undefined): Promise<void> {
  return new Promise((resolve) => stream && sessionOf(stream)?.ping(() => resolve()))
}
