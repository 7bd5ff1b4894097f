import { connect, type Socket } from 'node:net'
import { formatAuthority, type HostPort } from '../address.ts'
import { UpstreamError, systemCode } from '../errors.ts'

export interface DialOptions {
  /** Longest wait for the connection, name look-up included, in milliseconds. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

/**
 * How often an idle connection is probed, so that a lost peer is noticed and NATs keep it.
 *
 * @limit silence of a peer before it is asked whether it is still there, by TCP and by an HTTP/2
 * PING: a lost one ends its tunnels
 */
export const keepAliveMs = 60_000

/**
 * Pomerium's connect timeout (reference 3.3).
 *
 * @limit time to reach one upstream: the next one is tried, then 503 `upstream_unreachable`
 */
const defaultDialTimeoutMs = 10_000

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ENOTFOUND: 'has a name that does not resolve',
  EAI_AGAIN: 'has a name that could not be looked up now',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ETIMEDOUT: 'did not answer in time',
}

/**
 * Opens a TCP connection that is ready for a tunnel: half-open allowed, no Nagle delay, kept alive.
 * All addresses of a name are tried, IPv6 and IPv4 side by side (RFC 8305).
 *
 * @throws UpstreamError `upstream-unreachable` when none answers in time
 */
export function dial(target: HostPort, options: DialOptions = {}): Promise<Socket> {
  const { timeoutMs = defaultDialTimeoutMs, signal } = options
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...target,
      allowHalfOpen: true,
      noDelay: true,
      autoSelectFamily: true,
    })
    socket.setKeepAlive(true, keepAliveMs)
    const timer = setTimeout(() => fail(undefined, 'ETIMEDOUT'), timeoutMs)
    const onAbort = (): void => fail(signal?.reason, 'ABORTED')
    const onError = (error: Error): void => fail(error, causeCode(error))
    const release = (): void => {
      clearTimeout(timer)
      socket.off('error', onError)
      signal?.removeEventListener('abort', onAbort)
    }
    function fail(cause: unknown, code: string | undefined): void {
      release()
      socket.destroy()
      reject(unreachable(target, cause, code))
    }
    // An error between here and the relay must not be unhandled: the relay finds the socket destroyed and
    // reports it. This listener stays for the socket's life, and so must not hold on to anything.
    socket.on('error', ignore).on('error', onError)
    socket.once('connect', () => {
      release()
      resolve(socket)
    })
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
  })
}

function ignore(): void {
  // Reported elsewhere.
}

/** When several addresses failed, what the first one said. */
function causeCode(error: unknown): string | undefined {
  return error instanceof AggregateError ? systemCode(error.errors[0]) : systemCode(error)
}

function unreachable(target: HostPort, cause: unknown, code = ''): UpstreamError {
  const what = sentences[code] ?? `cannot be reached (${code || 'unknown error'})`
  return new UpstreamError('upstream-unreachable', `"${formatAuthority(target)}" ${what}`, {
    cause,
  })
}
