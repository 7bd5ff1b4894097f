import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { bracketed } from '../address.ts'
import { UpstreamError, systemCode } from '../errors.ts'
import { isNotHttp, wantsClientCertificate } from '../net/runtime.ts'
import { requestIdHeader } from '../tunnel/headers.ts'
import { decodeRefusal } from '../tunnel/refusal.ts'

/** Header fields of a request of ours. */
export type RequestFields = Readonly<Record<string, string>>

/** The whole of an HTTP answer that is no tunnel. */
export interface HttpAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | number | undefined>>
  readonly body: string
}

const cutHint =
  'something on the way ended the connection, or the gateway did because it trusts no client certificate of yours ("--client-cert"); its log says which'

/** A connection that stood and brought no answer. */
export class NoAnswerError extends UpstreamError {
  /** Whether something ended it, rather than let it wait: what was asked may not pass on the way. */
  readonly wasCut: boolean

  constructor(cause: Error, wasCut: boolean) {
    // A gateway that takes no connection without a client certificate ends it just so.
    const hint = wasCut ? cutHint : undefined
    super('gateway-unreachable', `the gateway gave no answer: ${wordsOf(cause)}`, { cause, hint })
    this.wasCut = wasCut
  }
}

/** The runtime's own words for it are about its sockets and its parser. */
function wordsOf(cause: Error): string {
  if (isNotHttp(cause)) return 'what it says is no HTTP'
  return isEnd(cause) ? 'it ended the connection' : cause.message
}

function isEnd(cause: Error): boolean {
  return /^(?:ECONNRESET|EPIPE)$/.test(systemCode(cause) ?? '')
}

/** Ended by the peer, or answered with something that is no HTTP. */
function wasCut(cause: Error): boolean {
  return isNotHttp(cause) || isEnd(cause)
}

/** What to tell of a request that failed before its answer came. */
export function noAnswer(cause: Error): UpstreamError {
  return wantsClientCertificate(cause)
    ? new UpstreamError('gateway-unreachable', 'the gateway asks for a client certificate', {
        cause,
        hint: 'give it with "--client-cert" and "--client-key"',
      })
    : new NoAnswerError(cause, wasCut(cause))
}

/**
 * Why nothing can be asked on a connection that was made; undefined while it stands. What ended it while
 * nobody listened, such as while a module was loaded, is told by no further event.
 */
export function lossOf(socket: Socket): Error | undefined {
  if (!socket.destroyed && !socket.readableEnded) return undefined
  return (
    socket.errored ?? Object.assign(new Error('the connection has ended'), { code: 'ECONNRESET' })
  )
}

/**
 * Whether an answer says that its port speaks TLS, and was asked without: in the words of our gateway, nginx
 * and Go ("HTTPS"), or Apache's ("SSL-enabled").
 */
export function wantsTls({ status, body }: HttpAnswer): boolean {
  return status === 400 && /\bHTTPS (?:port|server)\b|\bspeaks HTTPS\b|\bSSL-enabled\b/.test(body)
}

/** What to tell then. */
export function plainToTls({ host, port }: { host: string; port: number }): UpstreamError {
  const address = port === 443 ? bracketed(host) : `${bracketed(host)}:${port}`
  const text = `"${bracketed(host)}:${port}" speaks HTTPS, and was asked without TLS`
  return new UpstreamError('gateway-unreachable', text, { hint: `write "https://${address}"` })
}

/**
 * Whether an answer has nothing that a gateway's have: ours have a request id and, with a no, a JSON body, a stock
 * Pomerium's one of the two. What stands before a gateway may answer so as well.
 */
export function looksForeign({ status, headers, body }: HttpAnswer): boolean {
  if (headers[requestIdHeader] !== undefined || decodeRefusal(body) !== undefined) return false
  return status !== 200 || /^text\/html\b/i.test(String(headers['content-type'] ?? ''))
}

/** Whether what came instead of an answer was something else than HTTP. */
export function wasNoHttp(error: unknown): boolean {
  return error instanceof NoAnswerError && isNotHttp(error.cause)
}

/** What Node has parsed, with the body that was read for it. */
export function toAnswer(answer: IncomingMessage, body: string): HttpAnswer {
  return { status: answer.statusCode ?? 0, headers: answer.headers, body }
}

/**
 * Longest body of an answer that is read, in bytes; the rest is left unread.
 *
 * @limit the body of a refusal: the rest is left unread
 */
const maxBodyBytes = 64 * 1024
/**
 * How long the body of an answer may take, in milliseconds.
 *
 * @limit time for the body of a refusal: the rest is left unread
 */
const bodyTimeoutMs = 5_000

/**
 * Reads the body of an answer to its end, or to `lengthBytes`, the size limit or the time limit,
 * whichever comes first. Never rejects: a body that breaks off still says something.
 */
export function readBody(
  stream: Readable,
  lengthBytes = Number.POSITIVE_INFINITY,
  limitBytes = maxBodyBytes,
): Promise<string> {
  const wantedBytes = Math.min(lengthBytes, limitBytes)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let receivedBytes = 0
    const finish = (): void => {
      clearTimeout(timer)
      stream.off('data', onData).off('end', finish).off('close', finish)
      resolve(Buffer.concat(chunks).subarray(0, wantedBytes).toString())
    }
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      receivedBytes += chunk.length
      if (receivedBytes >= wantedBytes) finish()
    }
    const timer = setTimeout(finish, bodyTimeoutMs)
    stream.on('end', finish).on('close', finish).on('data', onData)
    if (wantedBytes === 0 || stream.destroyed || stream.readableEnded) finish()
  })
}
