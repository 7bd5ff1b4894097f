// What depends on how Node.js is made, beyond what its documentation promises. Each such thing stands here behind
// a name, with why it is needed and where Node's source shows it, so that a runtime that is made otherwise (Bun)
// differs in one file; test/architecture.test.ts lets nothing else in src touch these names. Paths are those of
// Node's repository, release 26.
//
// What is documented is used where it is needed: `server.emit('connection', socket)`, `http2stream.state`,
// `socket.resetAndDestroy`. One thing cannot be here, since nothing may be loaded before it: the streams of
// `process` (`standard-streams.ts`).
import type { Server } from 'node:http'
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { systemCode } from '../errors.ts'
import { isBun } from '../is-bun.ts'

/** Hears what a stream's source brings, before and whether or not anybody reads it. */
export interface Arrival {
  /** What the stream keeps in the place of a piece. */
  readonly keep?: (piece: Buffer) => Buffer
  /** Bytes are in the stream's buffer, or with its reader. */
  readonly onBytes?: (bytes: number) => void
  /** The end is about to be there; its readers hear of it when they have read what stands before it. */
  readonly onEnd?: () => void
}

/**
 * Tells what arrives on a stream. A listener for `data` would make it flow, and `end` waits for whoever reads.
 *
 * Every source of a `Readable` calls `push`, as documented for those who write streams. That Node's own call
 * what stands on the stream, and with null at its end, is not: `onStreamRead` of
 * lib/internal/stream_base_commons.js for HTTP/2 (a lost stream: `onStreamClose` of
 * lib/internal/http2/core.js), `parserOnBody` and `parserOnMessageComplete` of lib/_http_common.js.
 */
export function onArrival(stream: Readable, { keep, onBytes, onEnd }: Arrival): void {
  const push = stream.push.bind(stream)
  stream.push = (chunk: Buffer | string | null, encoding?: BufferEncoding): boolean => {
    if (chunk === null) onEnd?.()
    const isWanted = push(keep && chunk instanceof Buffer ? keep(chunk) : chunk, encoding)
    if (chunk !== null) onBytes?.(chunk.length)
    return isWanted
  }
}

/**
 * Calls back once nghttp2 is neither reading a frame nor gathering some to send: only then may other streams of its
 * session be reset, and the session be destroyed.
 *
 * What a frame brings about is called in the middle of its reading, with all that this puts off by `nextTick` or a
 * promise. nghttp2 forbids to send there, and Node does at every reset of a stream that has something to write, or
 * when a write is scheduled (`SubmitRstStream` of src/node_http2.cc). If the frame has just reset another stream,
 * what is sent is that one's END_STREAM, which closes it; the reading then closes it again, and frees it twice: the
 * process aborts in `CheckAllocatedSize`, since nghttp2 1.70. The code of the reset, CANCEL included, makes no odds.
 *
 * A stream is closed while the frame with its END_STREAM is gathered, and what `close` brings about is called then:
 * all that was gathered, as much as the credit allows, goes to the connection after it, or nowhere where the session
 * has been destroyed by then (`SendPendingData` of src/node_http2.cc).
 */
export function afterFrames(then: () => void): void {
  setImmediate(then)
}

/**
 * Calls back once the bytes are heard that came before a timer was late, as all are of a process that stood still; to be
 * asked in that timer. Answers what forgets it. Node calls an immediate of a timer after it has looked at connections,
 * Bun one before and the next after.
 */
export function onceHeard(then: () => void): () => void {
  const looked = isBun ? () => (waiting = setImmediate(then)) : then
  let waiting = setImmediate(looked)
  return () => clearImmediate(waiting)
}

/**
 * Has writers of a stream wait when so many bytes wait to be sent. Streams of HTTP/2 take no `highWaterMark`, and none
 * can be changed: it is set where `Writable` keeps it (`lib/internal/streams/writable.js`), and changes nothing where
 * that has no such name.
 */
export function limitUnsent(stream: Writable, bytes: number): void {
  setHighWaterMark(stream, '_writableState', bytes)
}

/**
 * Has the source of a stream wait when so many bytes wait to be read; as above, for `Readable`
 * (`lib/internal/streams/readable.js`). One that flows passes on what comes, whatever is set.
 */
export function limitUnread(stream: Readable, bytes: number): void {
  setHighWaterMark(stream, '_readableState', bytes)
}

function setHighWaterMark(stream: object, name: string, bytes: number): void {
  const state: unknown = Reflect.get(stream, name)
  if (typeof state === 'object' && state !== null && 'highWaterMark' in state)
    state.highWaterMark = bytes
}

/**
 * Lets a server of HTTP/1.1 that never listens check the deadlines of its requests (`headersTimeout`): Node begins
 * with that at this event (`setupConnectionsTracking` of lib/_http_server.js).
 */
export function checkDeadlinesUnlistened(server: Server): void {
  server.emit('listening')
}

/**
 * Lets a server of HTTP/1.1 answer whoever has ended their side after the request: by itself Node ends the
 * connection then, and an answer that comes later than that is lost (`socketOnEnd` of lib/_http_server.js). A Bun that
 * listens itself tells of that end only after the answer.
 */
export function answerHalfClosed(server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true })
}

/**
 * Calls `end` in the place of closing a connection of HTTP/1.1 after its last answer. Of all that closes one
 * this alone comes after an answer (`resOnFinish` of lib/_http_server.js), and by `destroySoon`.
 */
export function onLastAnswer(server: Server, end: (socket: Socket) => void): void {
  server.on('connection', (socket: Socket) => {
    socket.destroySoon = () => end(socket)
    if (isBun) beforeEnding(socket, end)
  })
}

/**
 * Where the request asks for it, Bun ends a connection of HTTP/1.1 with its last answer, not after it, and goes on
 * parsing (`onfinished` of `connectionListenerHTTP1`, src/js/internal/http1_server_fallback.ts, release 1.4.5). No
 * other `end` comes without words while an answer is under way, which `_httpMessage` holds.
 */
function beforeEnding(socket: Socket, end: (socket: Socket) => void): void {
  const { end: endNow } = socket
  socket.end = (...lastWords: unknown[]): Socket => {
    const isLastAnswer = lastWords.length === 0 && Boolean(Reflect.get(socket, '_httpMessage'))
    if (!isLastAnswer) return Reflect.apply(endNow, socket, lastWords) as Socket
    // Once: that it was the last answer may come after this as well.
    Object.assign(socket, { end: endNow, destroySoon: () => undefined })
    end(socket)
    return socket
  }
}

/**
 * Takes the reading of a connection over from Node's HTTP parser, and then calls back. The parser would see
 * further requests in what comes, and in its end a broken one; it reads by these listeners
 * (`connectionListenerInternal` of lib/_http_server.js).
 *
 * The parser has stopped the reading beneath the stream where a body was not taken, and starts it again at
 * the event that `resume` brings, so this comes after that. Nothing is read before this tick is over.
 */
export function takeFromParser(socket: Socket, then: () => void): void {
  socket.resume()
  process.nextTick(() => {
    socket.removeAllListeners('data').removeAllListeners('end')
    then()
  })
}

/** As the `stream` event of a server gives it. */
export type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => void

/**
 * Takes the making of requests and responses from an HTTP/2 server that has listeners for `request`, and answers
 * what makes them of one stream. Node makes them for every stream, with a listener that it adds for itself
 * (`setupCompat` of lib/internal/http2/core.js); an idle tunnel is cheaper without.
 */
export function takeRequestMaking(server: Http2Server): StreamListener {
  const listeners = server.listeners('stream') as StreamListener[]
  server.removeAllListeners('stream')
  return (...stream) => {
    for (const listener of listeners) listener(...stream)
  }
}

/**
 * Whether ECONNREFUSED says that somebody is there and nobody listens. Bun names each connection so that could not be
 * made, the number of its error included, such as one to where no route leads.
 */
export const isRefusalKnown = !isBun

/** What may be wrong with what came where a request was expected. */
export type HttpFault = 'too-slow' | 'head-too-large' | 'plain-http'

/**
 * Codes of `clientError` and `tlsClientError`. Those of llhttp begin with HPE; those of OpenSSL are made of its
 * reason, in capitals (`ThrowCryptoError` of src/crypto/crypto_util.cc), and are documented nowhere: here GET
 * and the like, and CONNECT, where a handshake should be.
 */
const httpFaults: ReadonlyMap<string | undefined, HttpFault> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 'too-slow'],
  ['HPE_HEADER_OVERFLOW', 'head-too-large'],
  ['ERR_SSL_HTTP_REQUEST', 'plain-http'],
  ['ERR_SSL_HTTPS_PROXY_REQUEST', 'plain-http'],
])

/** Which fault an error of a server tells; undefined for another one. */
export function httpFaultOf(error: unknown): HttpFault | undefined {
  return httpFaults.get(systemCode(error))
}

/** The error of a head that is too large, as the runtime's own. */
export function headTooLarge(message: string): Error {
  return Object.assign(new Error(message), { code: 'HPE_HEADER_OVERFLOW' })
}

/** The error of a head that comes too slowly, as the runtime's own. */
export function headTooSlow(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
}

/** The error of HTTP where a handshake should be, as the runtime's own. */
export function plainHttp(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_SSL_HTTP_REQUEST' })
}

/** Whether what came is no HTTP. */
export function isNotHttp(error: unknown): boolean {
  return systemCode(error)?.startsWith('HPE_') === true
}

/** Whether what came is no TLS, where a handshake should be. */
export function isNotTls(error: unknown): boolean {
  return systemCode(error) === 'ERR_SSL_WRONG_VERSION_NUMBER'
}

/** Whether a peer speaks nothing of what was offered in ALPN (RFC 7301 §3.2). */
export function isProtocolRefused(error: unknown): boolean {
  return systemCode(error)?.endsWith('ALERT_NO_APPLICATION_PROTOCOL') === true
}

/**
 * Whether the two ends have no version of TLS in common: the peer says so (RFC 8446 §6.2), or chooses one that was not
 * offered.
 */
export function isVersionRefused(error: unknown): boolean {
  const code = systemCode(error) ?? ''
  return code.endsWith('ALERT_PROTOCOL_VERSION') || code === 'ERR_SSL_UNSUPPORTED_PROTOCOL'
}

/** Whether a peer asked for another handshake on a connection that allows none. */
export function isRenegotiation(error: unknown): boolean {
  const code = systemCode(error)
  // The latter is BoringSSL's, which allows none.
  return code === 'ERR_TLS_RENEGOTIATION_DISABLED' || code === 'ERR_SSL_NO_RENEGOTIATION'
}

/** Whether a peer wants a certificate. TLS 1.3 refuses a client only after its handshake, at the first bytes. */
export function wantsClientCertificate(error: unknown): boolean {
  return systemCode(error)?.includes('CERTIFICATE_REQUIRED') === true
}

/**
 * Gives `ws` functions that mask payload. It looks for them among the exports of `node:http` under these names, and
 * goes byte by byte without; where the runtime brings its own, these stay. To be called before `ws` is loaded.
 */
export function provideWebsocketMask(functions: {
  readonly websocketMask: unknown
  readonly websocketUnmask: unknown
}): void {
  // By `import` all of it would be read, and with it Node's whole fetch (40 ms).
  const http = process.getBuiltinModule('node:http')
  if (!('websocketMask' in http)) Object.assign(http, functions)
}

/**
 * A relay makes and drops buffers all the time. V8 counts these with the heap and answers each few
 * megabytes of them with a full collection, the longer the larger the program is: in the benchmark,
 * 66 of them where a bare relay had 25. With these flags the buffers of a busy gateway may grow to a
 * few times those of an idle one before that; its peak memory stayed the same (263 and 268 MB).
 *
 * The last lets all memory grow twofold from one full collection to the next. By itself V8 chooses the factor by how
 * fast the heap fills and is collected, and chose little: another full one came after each 10 to 60 MB of buffers, in
 * some runs and not in others.
 *
 * All are V8's own and may go: on a release that does not know them nothing changes.
 */
const memoryFlags = [
  '--external-memory-accounted-in-global-limit',
  '--external-memory-max-growing-factor=4',
  '--heap-growing-percent=100',
]

/**
 * Memory that is allocated and never touched, in bytes: it takes addresses, and no memory. V8 frees young
 * buffers by a short collection once they are some 64 MiB, but a full one comes first when the program is
 * small: how much may be allocated until then is a multiple of what has stayed. With this among that, and the
 * factor above, the short one comes first: a connector spent a fifth of its time on full ones, and a gateway half of
 * it or none, by chance of its start (1.7 or 1.1 s a GiB).
 */
const ballastBytes = 96 * 1024 * 1024
let ballast: Buffer | undefined

/** The release whose V8 these flags were measured with. */
const knownMajor = 26

/** Tunes the collector for a process that copies bytes; to be called before it has work. */
export function tuneMemory(): void {
  if (Number(process.versions.node.split('.')[0]) < knownMajor) return
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  for (const flag of memoryFlags) setFlagsFromString(flag)
  ballast ??= Buffer.allocUnsafeSlow(ballastBytes)
}

type Collect = (options: { readonly type?: 'major'; readonly flavor?: 'last-resort' }) => void

let collector: Collect | undefined

/**
 * Collects all garbage of this process now, and gives the pages back to the system where at most `returned` bytes of
 * the heap are in use after it. The process stands still meanwhile: some 0.5 ms for each MiB of the heap in use, and
 * another 1.5 ms for each where pages are given back.
 *
 * After an ordinary collection V8 keeps the pages for the next load, and is not asked to let go of them before memory
 * is short: of 190 MiB without any use 180 stayed resident, after `last-resort` 5. Node offers this only by a flag
 * of its own command line; V8 gives the function to each context that is made while its flag is set
 * (src/extensions/gc-extension.cc of V8). On a runtime that does not, nothing happens.
 */
export function collectGarbage(returned: number): void {
  collector ??= findCollector()
  collector({ type: 'major' })
  if (process.memoryUsage().heapUsed <= returned) collector({ flavor: 'last-resort' })
}

function findCollector(): Collect {
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
  const found: unknown = process.getBuiltinModule('node:vm').runInNewContext('globalThis.gc')
  return typeof found === 'function' ? (found as Collect) : () => undefined
}
