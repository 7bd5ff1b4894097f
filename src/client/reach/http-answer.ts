import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { UpstreamError } from '../../errors.ts'
import type { Aftermath } from '../ways/aftermath.ts'
import { isTunnelId, tunnelIdHeader } from '../../tunnel/headers.ts'

/** Header fields of a request of ours. */
export type RequestFields = Readonly<Record<string, string>>

/**
 * How long an answer may take, in milliseconds: a gateway may dial several upstreams meanwhile.
 *
 * @limit time for the answer to CONNECT: `gateway-unreachable`, the local connection is closed
 */
export const answerTimeoutMs = 60_000

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
    super('gateway-unreachable', `the gateway gave no answer: ${cause.message}`, { cause, hint })
    this.wasCut = wasCut
  }
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

/** What the gateway says to CONNECT. */
export type ConnectAnswer<Stream> =
  | {
      readonly tunnel: Stream
      readonly aftermath?: Aftermath | undefined
      readonly refusal?: never
    }
  | { readonly tunnel?: never; readonly aftermath?: never; readonly refusal: HttpAnswer }

/**
 * Whether an answer to CONNECT opened a tunnel. Something on the way that takes CONNECT for an ordinary
 * request answers 200 as well: with a page, and a page has a type. That it has a length says nothing
 * (RFC 9110 §9.3.6: to be ignored).
 */
export function isTunnel({ status, headers }: Omit<HttpAnswer, 'body'>): boolean {
  return status === 200 && headers['content-type'] === undefined
}

/** The id by which the gateway can be asked about a tunnel; undefined when it cannot, as a stock Pomerium. */
export function tunnelIdOf({ headers }: Pick<HttpAnswer, 'headers'>): string | undefined {
  const id = headers[tunnelIdHeader]
  return isTunnelId(id) ? id : undefined
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
