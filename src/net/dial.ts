import { lookup, type LookupAddress } from 'node:dns'
import { connect, type Socket } from 'node:net'
import { formatAuthority, type HostPort } from '../address.ts'
import { systemClock, type Clock } from '../clock.ts'
import { AppError, UpstreamError, systemCode } from '../errors.ts'
import { interleave, NoAddressError, raceAddresses, type AddressFailure } from './race.ts'
import { isRefusalKnown } from './runtime.ts'

export interface DialOptions {
  /** Longest wait for the connection, name look-up included, in milliseconds. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
  /**
   * Asked right before each address is connected to, a literal one included. Throws an `AppError` to have
   * it left out; the message goes on after the address, such as `is a metadata address of a cloud`.
   */
  readonly allowAddress?: ((address: string) => void) | undefined
  /** As `dns.lookup` with `all`. */
  readonly lookup?: LookUpAll
  /** As `net.connect`. */
  readonly connect?: typeof connect
  readonly clock?: Clock
}

/** Finds all addresses of a name, best first. Once `signal` is aborted, the answer is wanted by nobody. */
export type LookUpAll = (
  host: string,
  options: { readonly all: true; readonly signal?: AbortSignal },
  done: (error: Error | null, addresses: LookupAddress[]) => void,
) => void

/**
 * How often an idle connection is probed, so that a lost peer is noticed and NATs keep it.
 *
 * @limit silence of a peer before TCP asks whether it is still there, ten times in 10 s: a lost one
 * ends its tunnels
 */
export const keepAliveMs = 60_000

/**
 * Pomerium's connect timeout (reference 3.3).
 *
 * @limit time to reach one upstream: the next one is tried, then 503 `upstream_unreachable`
 */
const defaultDialTimeoutMs = 10_000

/** @limit addresses that the error of a failed connection names: the rest is counted */
const maxNamedAddresses = 8

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: isRefusalKnown
    ? 'refused the connection'
    : 'refused the connection, or cannot be reached from here',
  ENOTFOUND: 'has a name that does not resolve',
  EAI_AGAIN: 'has a name that could not be looked up now',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ETIMEDOUT: 'did not answer in time',
  EMFILE: 'cannot be connected to: this program has too many connections and files open',
  ENFILE: 'cannot be connected to: this machine has too many connections and files open',
}

/**
 * Opens a TCP connection that is ready for a tunnel: half-open allowed, no Nagle delay, kept alive.
 * All addresses of a name are tried, IPv6 and IPv4 in turn, each 250 ms after the one before (RFC 8305).
 *
 * @throws UpstreamError `upstream-unreachable` when none answers in time; the message says what became of
 * each address, and the cause is an `AggregateError` of theirs where there were several
 */
export async function dial(target: HostPort, options: DialOptions = {}): Promise<Socket> {
  const { timeoutMs = defaultDialTimeoutMs, signal, allowAddress, clock = systemClock } = options
  const { lookup: lookUp = lookup, connect: begin = connect } = options
  const limit = new AbortController()
  const onAbort = (): void => limit.abort(new DialEndedError('ABORTED', signal?.reason))
  const timer = clock.schedule(timeoutMs, () => limit.abort(new DialEndedError('ETIMEDOUT')))
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  try {
    const addresses = interleave(await lookUpAll(target.host, lookUp, limit.signal))
    return await raceAddresses(addresses, {
      clock,
      signal: limit.signal,
      connect(host) {
        allowAddress?.(host)
        const { port } = target
        const socket = begin({ host, port, allowHalfOpen: true, noDelay: true })
        return socket.setKeepAlive(true, keepAliveMs)
      },
    })
  } catch (error) {
    throw unreachable(target, error)
  } finally {
    timer[Symbol.dispose]()
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Why a dial ended before its peer had answered, in the form of a system error. */
class DialEndedError extends Error {
  readonly code: string

  constructor(code: string, cause?: unknown) {
    super(code === 'ETIMEDOUT' ? 'no answer in time' : 'given up', { cause })
    this.code = code
  }
}

/**
 * All addresses of a name. A look-up cannot be taken back; its answer is thrown away when `signal` is aborted
 * first, and the reason of that is what this rejects with.
 */
export function lookUpAll(
  host: string,
  lookUp: LookUpAll,
  signal: AbortSignal,
): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    lookUp(host, { all: true, signal }, (error, addresses) => {
      signal.removeEventListener('abort', onAbort)
      if (error) reject(error)
      else resolve(addresses)
    })
  })
}

function unreachable(target: HostPort, error: unknown): UpstreamError {
  const failures = error instanceof NoAddressError ? error.failures : []
  const causes = failures.map((failure) => failure.error)
  const [cause = error] = causes
  return new UpstreamError(
    'upstream-unreachable',
    `"${formatAuthority(target)}" ${describeAll(target.host, failures) || describe(error)}`,
    { cause: causes.length > 1 ? new AggregateError(causes, 'no address answered') : cause },
  )
}

/** What became of each address: in one sentence where all say the same. */
function describeAll(host: string, failures: readonly AddressFailure[]): string {
  const named = failures.slice(0, maxNamedAddresses)
  const more = failures.length > named.length ? ` and ${failures.length - named.length} more` : ''
  const first = failures[0] === undefined ? '' : describe(failures[0].error)
  if (failures.every(({ error }) => describe(error) === first)) {
    const addresses = named.map(({ address }) => address).join(', ') + more
    return failures.length === 0 || addresses === host ? first : `${first} (${addresses})`
  }
  const each = named.map(({ address, error }) => `${address} ${describe(error)}`)
  return `cannot be reached: ${each.join('; ')}${more}`
}

function describe(error: unknown): string {
  if (error instanceof AppError) return error.message
  const code = systemCode(error) ?? ''
  return sentences[code] ?? `cannot be reached (${code || 'unknown error'})`
}
