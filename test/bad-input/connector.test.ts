import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import { createFakeClock, type FakeClock } from '../../src/fake-clock.ts'
import { openConnectorEnd } from '../../src/tunnel/connector/connector-end.ts'
import { always, openConnection } from '../../src/tunnel/connector/ends.fixture.ts'
import { openGatewayEnd } from '../../src/tunnel/connector/gateway-end.ts'
import { controlPath, grantHeader } from '../../src/tunnel/connector/protocol.ts'
import type { ConnectorEnd, GatewayEnd, StreamOffer } from '../../src/tunnel/connector/session.ts'
import {
  acknowledgement,
  connectFields,
  endHeaders,
  endStream,
  fields,
  frame,
  headBytes,
  number32,
  preface,
} from './frames.ts'

const request = { authority: 'a:1', grant: 'a.b.c' }
const ok = fields([[':status', '200']])
const settings = frame('settings', 0, 0)
/** As many bytes as it may ever be (RFC 9113 §6.9.1), for a stream or the connection. */
const muchCredit = (stream: number): Buffer =>
  frame('windowUpdate', 0, stream, number32(0x7fff0000))
const controlStream = 1

describe('a gateway before a connector that breaks the rules', () => {
  test('ends a connection on which something else is spoken', async (t) => {
    const { socket, opening, attacked } = await openRaw(t, { isAnswering: false })
    socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
    await assert.rejects(opening, { code: 'connector-lost' })
    await closed(attacked)
  })

  test('gives up a control stream that is never answered, although PING is', async (t) => {
    const { opening, clock } = await openRaw(t, { isAnswering: true })
    const given = assert.rejects(opening, { code: 'connector-timeout' })
    for (let waited = 0; waited < 10_000; waited += 1_000) {
      clock.advance(1_000)
      await turns()
    }
    await given
  })

  const lines: readonly (readonly [string, Buffer, RegExp])[] = [
    ['one line without an end', Buffer.alloc(600 * 1024, 'x'), /a line is too long/],
    ['lines without end', Buffer.from('{"type":"later"}\n'.repeat(200)), /too many lines/],
    ['what is no JSON', Buffer.from('{"type":\n'), /no JSON/],
    ['a message of another shape', Buffer.from('{"type":"services"}\n'), /services is not as/],
    ['what is no message', Buffer.from('[]\n'), /type is not as it must be/],
  ]
  for (const [what, bytes, why] of lines) {
    test(`ends a connection whose control stream says ${what}`, async (t) => {
      const { socket, gateway, attacked } = await openControlled(t)
      const reading = all(gateway.control.messages)
      socket.write(dataOf(controlStream, bytes))
      const error = await gateway.ended
      assert.match(String(error), why)
      assert.deepEqual(await reading, [])
      await closed(attacked)
    })
  }

  test('takes what a newer connector says, and leaves it out', async (t) => {
    const { socket, gateway } = await openControlled(t)
    socket.write(dataOf(controlStream, Buffer.from('{"type":"later"}\n\n{"type":"draining"}\n')))
    const { value } = await gateway.control.messages[Symbol.asyncIterator]().next()
    assert.deepEqual(value, { type: 'draining' })
  })

  test('ends a connection that does not read what it is told', async (t) => {
    const { gateway } = await openControlled(t)
    const message = 'x'.repeat(10_000)
    for (let sent = 0; sent < 200; sent += 1) gateway.control.send({ type: 'notice', message })
    assert.match(String(await gateway.ended), /it is not being read/)
  })

  test('ends a connection that never takes over its credit', async (t) => {
    const { socket, gateway, clock } = await openControlled(t, { isAcknowledging: false })
    // As many as lower it.
    for (let opened = 0; opened < 4; opened += 1) {
      gateway.openStream(request, always).catch(() => undefined)
    }
    socket.resume()
    for (let waited = 0; waited < 31_000; waited += 1_000) {
      clock.advance(1_000)
      await turns()
    }
    assert.match(String(await gateway.ended), /SETTINGS/)
  })

  test('goes on where streams are reset before they are answered, and in the middle', async (t) => {
    const { socket, gateway } = await openControlled(t)
    const opening = gateway.openStream(request, always)
    await turns()
    socket.write(frame('rstStream', 0, 3, number32(7)))
    await assert.rejects(opening, { code: 'connector-reset' })
    const second = gateway.openStream(request, always)
    await turns()
    socket.write(frame('headers', endHeaders, 5, ok))
    const stream = await second
    socket.write(frame('rstStream', 0, 5, number32(0)))
    if (!stream.destroyed) await once(stream.resume(), 'close')
    assert.deepEqual([gateway.isReady, gateway.streams], [true, 0])
  })

  test('ends with a control stream that is reset, and resets its streams', async (t) => {
    const { socket, gateway } = await openControlled(t)
    const opening = gateway.openStream(request, always)
    await turns()
    socket.write(frame('headers', endHeaders, 3, ok))
    const stream = await opening
    socket.write(frame('rstStream', 0, controlStream, number32(0)))
    assert.match(String(await gateway.ended), /control stream was reset/)
    if (!stream.destroyed) await new Promise((resolve) => stream.once('close', resolve))
    assert.equal(stream.readableEnded, false)
  })

  test('keeps its streams when the control stream ends first, and ends with the last of them', async (t) => {
    const { socket, gateway, clock } = await openControlled(t)
    const opening = gateway.openStream(request, always)
    await turns()
    socket.write(frame('headers', endHeaders, 3, ok))
    const stream = await opening
    socket.write(frame('data', endStream, controlStream))
    while (gateway.isReady) await nextTurn()
    assert.equal(stream.destroyed, false)
    socket.write(Buffer.concat([dataOf(3, Buffer.from('bye')), frame('data', endStream, 3)]))
    assert.equal(String((await once(stream, 'data'))[0]), 'bye')
    stream.resume().end()
    while (gateway.streams > 0) await nextTurn()
    // It keeps the connection, too.
    clock.advance(5_000)
    assert.equal(await gateway.ended, undefined)
  })

  test('opens no more streams than a connector takes, and says so at once', async (t) => {
    const { socket, gateway } = await openControlled(t)
    // SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §6.5.2): the control stream, and one more.
    const two = Buffer.from('000300000002', 'hex')
    socket.write(frame('settings', 0, 0, two))
    await turns()
    const opening = gateway.openStream(request, always)
    await assert.rejects(gateway.openStream(request, always), { code: 'connector-full' })
    assert.equal(gateway.isReady, false)
    await turns()
    socket.write(frame('rstStream', 0, 3, number32(7)))
    await assert.rejects(opening, { code: 'connector-reset' })
    assert.equal(gateway.isReady, true)
  })

  test('says what it was refused with, whatever that is', async (t) => {
    const { socket, gateway } = await openControlled(t)
    for (const [stream, status, code] of [
      [3, '200', undefined],
      [5, '407', 'connector-protocol'],
    ] as const) {
      const opening = gateway.openStream(request, always)
      await turns()
      const head = fields([
        [':status', status],
        ['postern-fault', 'no-such-fault'],
      ])
      socket.write(frame('headers', endHeaders | endStream, stream, head))
      if (code !== undefined) await assert.rejects(opening, { code })
      else (await opening).destroy()
    }
  })
})

describe('a connector before a gateway that breaks the rules', () => {
  test('ends a connection on which something else is spoken', async (t) => {
    const { socket, opening, attacked } = await openRawGateway(t)
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await assert.rejects(opening)
    await closed(attacked)
  })

  test('takes so many streams and no more, and ends the connection of whoever goes on', async (t) => {
    const { socket, connector, offers } = await openBegun(t)
    const opens = Array.from({ length: 2_500 }, (_, index) => openOf(2 * index + 3))
    for (let at = 0; at < opens.length; at += 100) {
      socket.write(Buffer.concat(opens.slice(at, at + 100)))
    }
    assert.ok((await connector.ended) instanceof Error)
    // The control stream is one of them.
    assert.equal(offers.length, 1_999)
    assert.ok(offers.every(({ signal }) => signal.aborted))
  })

  test('lets a gateway reset many streams at once, and ends where that has no end', async (t) => {
    const { socket, connector, offers } = await openBegun(t)
    const resets = (from: number, count: number): Buffer =>
      Buffer.concat(
        Array.from({ length: count }, (_, index) => {
          const stream = 2 * (from + index) + 3
          return Buffer.concat([openOf(stream), frame('rstStream', 0, stream, number32(8))])
        }),
      )
    for (let at = 0; at < 3_000; at += 250) {
      socket.write(resets(at, 250))
      await turns()
    }
    while (offers.length < 3_000) await nextTurn()
    while (connector.streams > 0) await nextTurn()
    for (let at = 3_000; at < 60_000 && !socket.destroyed; at += 250) {
      socket.write(resets(at, 250))
      await nextTurn()
    }
    assert.ok((await connector.ended) instanceof Error)
  })

  test('offers nothing that is no CONNECT, and answers a second control stream as not found', async (t) => {
    const { socket, connector, offers, heard } = await openBegun(t)
    socket.write(frame('headers', endHeaders | endStream, 3, controlFields))
    while (heard.heads.length === 0) await nextTurn()
    // `:status: 404` is in the table of HPACK (RFC 7541, Appendix A).
    assert.equal(heard.heads[0]?.[0], 0x8d)
    assert.deepEqual([offers.length, connector.streams], [0, 0])
  })
})

const controlFields = fields([
  [':method', 'POST'],
  [':scheme', 'https'],
  [':authority', 'connector'],
  [':path', controlPath],
])

function openOf(stream: number): Buffer {
  const head = Buffer.concat([connectFields('a:1'), fields([[grantHeader, 'a.b.c']])])
  return frame('headers', endHeaders, stream, head)
}

interface Raw {
  readonly socket: Duplex
  readonly opening: Promise<GatewayEnd>
  readonly clock: FakeClock
  /** The other side of the socket. */
  readonly attacked: Duplex
}

interface RawOptions {
  readonly isAnswering: boolean
  readonly isAcknowledging?: boolean
}

/** The preface of a client, without the frame behind it (RFC 9113 §3.4). */
const clientPrefaceBytes = 24

/** A connector made of bytes; it answers PING, and nothing else by itself. */
async function openRaw(
  t: TestContext,
  { isAnswering, isAcknowledging = true }: RawOptions,
): Promise<Raw> {
  const connection = await openConnection()
  const clock = createFakeClock()
  const opening = openGatewayEnd(connection.atGateway, { clock })
  opening.catch(() => undefined)
  t.after(() => connection[Symbol.dispose]())
  const socket = connection.atConnector
  if (isAnswering) {
    socket.write(settings)
    answer(socket, { isAcknowledging, prefaceBytes: clientPrefaceBytes })
  } else socket.resume()
  return { socket, opening, clock, attacked: connection.atGateway }
}

/** The same, with a control stream that stands. */
async function openControlled(
  t: TestContext,
  { isAcknowledging = true } = {},
): Promise<Omit<Raw, 'opening'> & { gateway: GatewayEnd }> {
  const { opening, ...raw } = await openRaw(t, { isAnswering: true, isAcknowledging })
  raw.socket.write(frame('headers', endHeaders, controlStream, ok))
  const gateway = await opening
  await turns()
  return { ...raw, gateway }
}

interface RawGateway {
  readonly socket: Duplex
  readonly opening: Promise<ConnectorEnd>
  readonly offers: StreamOffer[]
  readonly heard: Heard
  readonly attacked: Duplex
}

async function openRawGateway(t: TestContext): Promise<RawGateway> {
  const connection = await openConnection()
  const offers: StreamOffer[] = []
  const opening = openConnectorEnd(connection.atConnector, {
    clock: createFakeClock(),
    onStream: (offer) => offers.push(offer),
  })
  opening.catch(() => undefined)
  t.after(() => connection[Symbol.dispose]())
  const socket = connection.atGateway
  const heard = answer(socket, { isAcknowledging: true })
  return { socket, opening, offers, heard, attacked: connection.atConnector }
}

async function openBegun(
  t: TestContext,
): Promise<Omit<RawGateway, 'opening'> & { connector: ConnectorEnd }> {
  const { opening, ...rest } = await openRawGateway(t)
  rest.socket.write(
    Buffer.concat([
      preface,
      muchCredit(0),
      frame('headers', endHeaders, controlStream, controlFields),
    ]),
  )
  const connector = await opening
  while (rest.heard.heads.length === 0) await nextTurn()
  rest.heard.heads.length = 0
  return { ...rest, connector }
}

/** What came to an attacker. */
interface Heard {
  /** The blocks of heads. */
  readonly heads: Buffer[]
}

const [headersType, settingsType, pingType] = [1, 4, 6]

/** Reads frames, behind a preface of so many bytes; answers each PING, and SETTINGS where told so. */
function answer(
  socket: Duplex,
  { isAcknowledging, prefaceBytes = 0 }: { isAcknowledging: boolean; prefaceBytes?: number },
): Heard {
  const heard: Heard = { heads: [] }
  let rest = Buffer.alloc(0)
  let left = prefaceBytes
  const take = (type: number | undefined, payload: Buffer, isAnswer: boolean): void => {
    if (type === pingType && !isAnswer) socket.write(frame('ping', acknowledgement, 0, payload))
    if (type === settingsType && !isAnswer && isAcknowledging) {
      socket.write(frame('settings', acknowledgement, 0))
    }
    if (type === headersType) heard.heads.push(Buffer.from(payload))
  }
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    const skipped = Math.min(left, rest.length)
    left -= skipped
    rest = rest.subarray(skipped)
    while (rest.length >= headBytes && rest.length >= headBytes + rest.readUIntBE(0, 3)) {
      const end = headBytes + rest.readUIntBE(0, 3)
      take(rest[3], rest.subarray(headBytes, end), ((rest[4] ?? 0) & acknowledgement) !== 0)
      rest = rest.subarray(end)
    }
  })
  return heard
}

/** In frames of at most 16 KiB (RFC 9113 §4.2). */
function dataOf(stream: number, bytes: Buffer): Buffer {
  const size = 16 * 1024
  return Buffer.concat(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      frame('data', 0, stream, bytes.subarray(index * size, (index + 1) * size)),
    ),
  )
}

/** What was written on either side has come. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await nextTurn()
}

async function closed(socket: Duplex): Promise<void> {
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
}

async function all<T>(messages: AsyncIterable<T>): Promise<readonly T[]> {
  const taken: T[] = []
  for await (const message of messages) taken.push(message)
  return taken
}
