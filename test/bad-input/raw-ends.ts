// Peers of the protocol of connectors that are made of bytes, for tests of either end.
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { createFakeClock, type FakeClock } from '../../src/fake-clock.ts'
import { openConnectorEnd } from '../../src/tunnel/connector/connector-end.ts'
import { openConnection } from '../../src/tunnel/connector/ends.fixture.ts'
import { openGatewayEnd } from '../../src/tunnel/connector/gateway-end.ts'
import { controlPath, grantHeader } from '../../src/tunnel/connector/protocol.ts'
import type { ConnectorEnd, GatewayEnd, StreamOffer } from '../../src/tunnel/connector/session.ts'
import {
  acknowledgement,
  connectFields,
  endHeaders,
  fields,
  frame,
  headBytes,
  number32,
  preface,
} from './frames.ts'

export const ok = fields([[':status', '200']])
const settings = frame('settings', 0, 0)
/** As many bytes as it may ever be (RFC 9113 §6.9.1), for a stream or the connection. */
export const muchCredit = (stream: number): Buffer =>
  frame('windowUpdate', 0, stream, number32(0x7fff0000))
export const controlStream = 1

export const controlFields = fields([
  [':method', 'POST'],
  [':scheme', 'https'],
  [':authority', 'connector'],
  [':path', controlPath],
])

export function openOf(stream: number): Buffer {
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
export async function openRaw(
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
export async function openControlled(
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
  readonly clock: FakeClock
  readonly offers: StreamOffer[]
  readonly heard: Heard
  readonly attacked: Duplex
}

export async function openRawGateway(t: TestContext): Promise<RawGateway> {
  const connection = await openConnection()
  const offers: StreamOffer[] = []
  const clock = createFakeClock()
  const opening = openConnectorEnd(connection.atConnector, {
    clock,
    onStream: (offer) => offers.push(offer),
  })
  opening.catch(() => undefined)
  t.after(() => connection[Symbol.dispose]())
  const socket = connection.atGateway
  const heard = answer(socket, { isAcknowledging: true })
  return { socket, opening, clock, offers, heard, attacked: connection.atConnector }
}

export async function openBegun(
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
export interface Heard {
  /** The blocks of heads. */
  readonly heads: Buffer[]
}

const [headersType, settingsType, pingType] = [1, 4, 6]

/** Reads frames, behind a preface of so many bytes; answers each PING, and SETTINGS where told so. */
export function answer(
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
export function dataOf(stream: number, bytes: Buffer): Buffer {
  const size = 16 * 1024
  return Buffer.concat(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      frame('data', 0, stream, bytes.subarray(index * size, (index + 1) * size)),
    ),
  )
}

/** In frames of one byte each. */
export function piecesOf(stream: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array.from(bytes, (byte) => frame('data', 0, stream, Buffer.of(byte))))
}

/** What was written on either side has come. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await nextTurn()
}

export async function closed(socket: Duplex): Promise<void> {
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
}

export async function all<T>(messages: AsyncIterable<T>): Promise<readonly T[]> {
  const taken: T[] = []
  for await (const message of messages) taken.push(message)
  return taken
}
