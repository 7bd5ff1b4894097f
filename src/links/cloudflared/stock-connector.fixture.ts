// A connector as the stock one is on the wire, for tests: it registers, and pipes streams as that one does, which is to
// say that whichever direction ends first ends both.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { createConnection, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import * as tls from 'node:tls'
import { createDeframer } from './capnp/framing.ts'
import { readMessage, type StructReader } from './capnp/reader.ts'
import { writeMessage, type StructWriter } from './capnp/writer.ts'
import { golden } from './golden.fixture.ts'
import { methods, registrationServer } from './registration.ts'
import { connectorServerName } from './server-names.ts'
import { acceptOf, serializeHeaders } from './stream-wire.ts'

export const testTunnelId = '11111111-2222-3333-4444-555555555555'
export const testSecret = Buffer.alloc(32, 7)

type Stream = http2.ServerHttp2Stream
type Headers = http2.IncomingHttpHeaders

export interface StockOptions {
  readonly port: number
  /** Whom it trusts, PEM; undefined: everybody. */
  readonly ca?: string
  readonly tunnelId?: string
  readonly secret?: Buffer
  readonly connectorId?: string
  readonly connIndex?: number
  readonly version?: string
  /** The port of its service on this machine; undefined: none listens. */
  readonly origin?: number
  /** Serves a stream in the place of what a stock connector does; false: as that one does. */
  readonly onStream?: (stream: Stream, headers: Headers) => boolean
  /** Bytes that it takes of each stream before it reads. **Default:** 1 MiB */
  readonly windowBytes?: number
  /** Does something else than to register, on the control stream. */
  readonly onControl?: (stream: Stream) => void
}

/** What a registration was answered with. */
export type StockAnswer =
  | { readonly id: string; readonly location: string; readonly isRemotelyManaged: boolean }
  | { readonly refused: string }
  | 'closed'

export interface StockConnector {
  readonly socket: tls.TLSSocket
  readonly session: http2.ServerHttp2Session
  readonly answer: Promise<StockAnswer>
  /** Rules that were pushed, by version. */
  readonly pushed: { readonly version: number; readonly config: unknown }[]
  /** Resolves once the connection is over. */
  readonly closed: Promise<unknown>
  /** Resolves once the control stream is over, to its code. */
  readonly controlOver: Promise<number>
  call(method: number, write?: (params: StructWriter) => void): void
  /** Reports rules of its own. */
  configure(config: unknown): void
}

/** Connects one, until the end of the test. */
export async function startStockConnector(
  t: Pick<TestContext, 'after'>,
  options: StockOptions,
): Promise<StockConnector> {
  const socket = tls.connect({
    port: options.port,
    host: '127.0.0.1',
    servername: connectorServerName,
    ...(options.ca === undefined ? { rejectUnauthorized: false } : { ca: options.ca }),
    ecdhCurve: 'P-256',
  })
  socket.on('error', () => undefined)
  t.after(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return serve(socket, options)
}

async function serve(socket: tls.TLSSocket, options: StockOptions): Promise<StockConnector> {
  const { windowBytes = 1024 * 1024 } = options
  const server = http2.createServer({ settings: { initialWindowSize: windowBytes } })
  const pushed: StockConnector['pushed'] = []
  const control = Promise.withResolvers<Stream>()
  const answer = Promise.withResolvers<StockAnswer>()
  const over = Promise.withResolvers<number>()
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  void closed.then(() => answer.resolve('closed'))
  server.on('sessionError', () => undefined)
  server.on('stream', (stream: Stream, headers: Headers) => {
    stream.on('error', () => undefined)
    if (options.onStream?.(stream, headers) === true) return
    const kind = headers['cf-cloudflared-proxy-connection-upgrade']
    if (kind === 'control-stream') {
      stream.respond({ ':status': 200 })
      stream.once('close', () => over.resolve(stream.rstCode))
      control.resolve(stream)
    } else if (kind === 'update-configuration') void takeRules(stream, pushed)
    else pipe(stream, headers, options.origin)
  })
  const opened = once(server, 'session') as Promise<[http2.ServerHttp2Session]>
  // Node takes TLS without ALPN for HTTP/1.1.
  server.emit('connection', Object.assign(socket, { alpnProtocol: 'h2' }))
  const [session] = await opened
  session.setLocalWindowSize(1024 * 1024)
  const stream = await Promise.race([control.promise, closed.then(() => undefined)])
  let questions = 1
  const call: StockConnector['call'] = (method, write) => {
    questions += 1
    stream?.write(encodeCall(questions, method, { imported: 0 }, write))
  }
  if (stream !== undefined) register(stream, options, answer.resolve)
  return {
    socket,
    session,
    pushed,
    answer: answer.promise,
    closed,
    controlOver: over.promise,
    call,
    configure: (config) =>
      call(methods.updateLocalConfiguration, (params) =>
        params.data(0, Buffer.from(JSON.stringify(config))),
      ),
  }
}

function register(
  stream: Stream,
  options: StockOptions,
  onAnswer: (answer: StockAnswer) => void,
): void {
  const deframer = createDeframer(() => 1024 * 1024)
  stream.on('data', (chunk: Buffer) => {
    for (const segments of deframer.push(chunk)) {
      const answered = readAnswer(readMessage(segments))
      if (answered !== undefined) onAnswer(answered)
    }
  })
  if (options.onControl !== undefined) return options.onControl(stream)
  stream.write(Buffer.from(golden.bootstrap, 'hex'))
  stream.write(encodeRegistration(options))
  stream.write(Buffer.from(golden.finish0 + golden.finish1, 'hex'))
}

/** The answer to the registration, which is question 1. */
function readAnswer(message: StructReader): StockAnswer | undefined {
  const returned = message.struct(0)
  if (message.u16(0) !== 3 || returned.u32(0) !== 1 || returned.u16(6) !== 0) return undefined
  const response = returned.struct(0).struct(0).struct(0)
  const body = response.struct(0)
  return response.u16(0) === 1
    ? { id: body.data(0).toString('hex'), location: body.text(1), isRemotelyManaged: body.bit(0) }
    : { refused: body.text(0) }
}

/** The call by which a connector registers; question 1. */
export function encodeRegistration(options: Omit<StockOptions, 'port' | 'ca'>): Buffer {
  const { tunnelId = testTunnelId, secret = testSecret, connIndex = 0 } = options
  const { connectorId = randomUUID() } = options
  return encodeCall(1, methods.registerConnection, { promised: 0 }, (params) => {
    params.setU16(0, connIndex)
    const auth = params.struct(0, 0, 2)
    auth.text(0, 'account')
    auth.data(1, secret)
    params.data(1, uuid(tunnelId))
    const client = params.struct(2, 1, 2).struct(0, 0, 4)
    client.data(0, uuid(connectorId))
    client.text(2, options.version ?? '2026.8.2')
    client.text(3, 'linux_amd64')
  })
}

function uuid(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', ''), 'hex')
}

/** Calls a method, whose parameters have a word and three pointers. */
export function encodeCall(
  questionId: number,
  method: number,
  target: { readonly promised: number } | { readonly imported: number },
  write: (params: StructWriter) => void = () => undefined,
): Buffer {
  return writeMessage(1, 1, (root) => {
    root.setU16(0, 2)
    const call = root.struct(0, 3, 3)
    call.setU32(0, questionId)
    call.setU16(4, method)
    call.setU32(8, Number(registrationServer & 0xffff_ffffn))
    call.setU32(12, Number(registrationServer >> 32n))
    const on = call.struct(0, 1, 1)
    if ('promised' in target) {
      on.setU16(4, 1)
      on.struct(0, 1, 1).setU32(0, target.promised)
    }
    write(call.struct(1, 0, 2).struct(0, 1, 3))
  })
}

async function takeRules(stream: Stream, pushed: StockConnector['pushed']): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  const rules = JSON.parse(Buffer.concat(chunks).toString()) as (typeof pushed)[number]
  pushed.push(rules)
  stream.respond({ ':status': 200 })
  stream.end(JSON.stringify({ lastAppliedVersion: rules.version, err: null }))
}

/** Dials its service and pipes: the first end, of whichever direction, is the end of both. */
function pipe(stream: Stream, headers: Headers, origin: number | undefined): void {
  const key = headers['sec-websocket-key']
  const isRaw = headers['cf-cloudflared-proxy-src'] !== undefined
  const answer = { 'cf-cloudflared-response-meta': '{"src":"origin"}' }
  const unreachable = (): void => {
    if (!stream.destroyed) stream.respond({ ':status': 502, ...answer }, { endStream: true })
  }
  if (origin === undefined) return unreachable()
  const service = createConnection({ port: origin, host: '127.0.0.1' })
  service.once('error', unreachable)
  service.once('connect', () => {
    service.off('error', unreachable).on('error', endBoth)
    const accept = { 'Sec-WebSocket-Accept': acceptOf(String(key)) }
    stream.respond({ ':status': 200, ...answer, ...(isRaw ? {} : serializeHeaders(accept)) })
    copyUp(stream, service, isRaw)
    copyDown(service, stream, isRaw)
  })
  const endBoth = (): void => {
    stream.end()
    service.end()
    service.destroy()
  }
  service.once('end', endBoth)
  stream.once('end', endBoth).once('close', () => service.destroy())
}

function copyUp(stream: Stream, service: Socket, isRaw: boolean): void {
  const unmask = createUnmask()
  stream.on('data', (chunk: Buffer) => {
    const bytes = isRaw ? chunk : unmask(chunk)
    if (bytes.length > 0 && !service.write(bytes)) stream.pause()
  })
  service.on('drain', () => stream.resume())
}

function copyDown(service: Socket, stream: Stream, isRaw: boolean): void {
  service.on('data', (chunk: Buffer) => {
    if (stream.destroyed || stream.writableEnded) return
    if (!stream.write(isRaw ? chunk : frameOf(0x2, chunk))) service.pause()
  })
  stream.on('drain', () => service.resume())
}

/** A frame of a server. */
export function frameOf(opcode: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  if (head.length === 2) head[1] = payload.length
  else if (head.length === 4) {
    head[1] = 126
    head.writeUInt16BE(payload.length, 2)
  } else {
    head[1] = 127
    head.writeBigUInt64BE(BigInt(payload.length), 2)
  }
  return Buffer.concat([head, payload])
}

/** Reads a client's masked binary messages; beyond 16 KiB of one, as a stock connector, it drops. */
function createUnmask(): (chunk: Buffer) => Buffer {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const payloads: Buffer[] = []
    for (;;) {
      const short = (rest[1] ?? 0) & 0x7f
      const maskAt = short === 126 ? 4 : 2
      if (rest.length < maskAt + 4) break
      const length = short === 126 ? rest.readUInt16BE(2) : short
      const end = maskAt + 4 + length
      if (rest.length < end) break
      const mask = rest.subarray(maskAt, maskAt + 4)
      const payload = rest.subarray(maskAt + 4, end).map((byte, i) => byte ^ (mask[i & 3] ?? 0))
      if (((rest[0] ?? 0) & 0x0f) === 2) payloads.push(Buffer.from(payload.subarray(0, 16_384)))
      rest = rest.subarray(end)
    }
    return Buffer.concat(payloads)
  }
}
