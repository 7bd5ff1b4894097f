import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { formatAuthority, type HostPort } from '../address.ts'
import { AppError, messageOf, systemCode, UpstreamError } from '../errors.ts'
import { dial, lookUpAll, type LookUpAll } from '../net/dial.ts'
import { RefusedError } from './refused.ts'

// What `postern doctor` and `postern tunnel doctor` have in common: the checks of a way, in their order.

/** How a check came out; `warning`: the way goes on, and somebody should look at it. */
export type Verdict = 'ok' | 'warning' | 'failed' | 'not-tried'

/** As a person reads them. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  'not-tried': 'not tried',
}

/** One thing that was tried on a way. */
export interface Check<What extends string = string> {
  readonly what: What
  /** Which host and port, or which name; empty where there is none. */
  readonly target: string
  readonly verdict: Verdict
  readonly detail: string
  /** A moment that `detail` has in it, word for word: RFC 3339. */
  readonly moment?: string | undefined
  /** Time that it took, in milliseconds; undefined for what nothing was waited for. */
  readonly ms?: number | undefined
  /** What to do, in one sentence. */
  readonly hint?: string | undefined
  /** The stable code of what is wrong. */
  readonly code?: string | undefined
  /** Names the refusal in the gateway's log. */
  readonly requestId?: string | undefined
}

/** What a check has found that did not fail. */
export interface Found {
  readonly verdict?: 'ok' | 'warning' | 'not-tried'
  readonly detail: string
  readonly moment?: string | undefined
  readonly hint?: string | undefined
}

export interface Step<What extends string> {
  readonly what: What
  readonly target: string
  readonly signal: AbortSignal
  /** Longest time that it may take, in milliseconds. */
  readonly limitMs: number
  /** What is wrong when it takes longer. **Default:** that there was no answer */
  readonly onSilence?: AppError | undefined
}

/**
 * Tries something, for a bounded time whatever it does. What `work` throws is the check's failure.
 *
 * @throws the reason of `signal`, when that ends it
 */
export async function attempt<What extends string>(
  { what, target, signal, limitMs, onSilence }: Step<What>,
  work: (signal: AbortSignal) => Promise<Found>,
): Promise<Check<What>> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  const began = performance.now()
  const spent = (): number => Math.round(performance.now() - began)
  try {
    const { verdict = 'ok', detail, moment, hint } = await unlessAborted(work(limit), limit)
    const more = { ...(moment !== undefined && { moment }), ...(hint !== undefined && { hint }) }
    return { what, target, verdict, detail, ms: spent(), ...more }
  } catch (error) {
    signal.throwIfAborted()
    const cause = limit.aborted ? (onSilence ?? silent(limitMs)) : error
    const known = cause instanceof AppError ? cause : undefined
    const { hint, code } = { hint: known?.hint, code: known?.code }
    const requestId = cause instanceof RefusedError && cause.requestId ? cause.requestId : undefined
    const found = { detail: messageOf(cause), ms: spent(), hint, code }
    return { what, target, verdict: 'failed', ...found, ...(requestId && { requestId }) }
  }
}

/** The same outcome, or a rejection when the signal comes first. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    // What comes of it later is wanted by nobody.
    work.catch(() => undefined)
  }
}

function silent(limitMs: number): Error {
  return new Error(`no answer in ${limitMs / 1_000} s`)
}

/**
 * Longest wait for each address, in milliseconds.
 *
 * @limit time that "postern doctor" and "postern tunnel doctor" wait for a name, and for one address of the gateway: it is said not to answer
 */
const addressTimeoutMs = 5_000
/** @limit addresses of a gateway that a doctor tries: the rest is counted */
const maxAddresses = 16

export interface AddressChecks {
  readonly target: HostPort
  readonly signal: AbortSignal
  /** **Default:** the system's */
  readonly lookup?: LookUpAll | undefined
  /** **Default:** 5 s */
  readonly timeoutMs?: number | undefined
  /** Who is on the way there. **Default:** the gateway */
  readonly whose?: 'gateway' | 'proxy'
}

/**
 * Looks a name up, and tries each of its addresses, all at once. An address that does not answer is a warning
 * where another one does.
 *
 * @throws the reason of the signal, when that ends it
 */
export async function* checkAddresses(
  options: AddressChecks,
): AsyncGenerator<Check<'dns' | 'tcp'>> {
  const { target, signal, lookup = systemLookup, whose = 'gateway' } = options
  const { timeoutMs = addressTimeoutMs } = options
  let found: readonly LookupAddress[] = []
  const looked = await attempt(
    {
      what: 'dns',
      target: target.host,
      signal,
      limitMs: timeoutMs,
      onSilence: nameFault(target.host, whose, new Error('no name server answers')),
    },
    async (limit) => {
      found = await lookUpAll(target.host, lookup, limit).catch((error: unknown) => {
        throw nameFault(target.host, whose, error)
      })
      return { detail: describeAddresses(target.host, found) }
    },
  )
  yield looked
  if (looked.verdict === 'failed') return
  const tried = await Promise.all(
    found.slice(0, maxAddresses).map(({ address }) => {
      const one = { host: address, port: target.port }
      return attempt(
        { what: 'tcp', target: formatAuthority(one), signal, limitMs: timeoutMs + 1_000 },
        (limit) => reach(one, whose, limit, timeoutMs),
      )
    }),
  )
  const isReached = tried.some(({ verdict }) => verdict === 'ok')
  for (const check of tried) {
    yield isReached && check.verdict === 'failed' ? { ...check, verdict: 'warning' } : check
  }
}

function describeAddresses(host: string, found: readonly LookupAddress[]): string {
  const [first] = found
  if (found.length === 1 && first?.address === host) return `an address (IPv${first.family})`
  const ofFamily = (family: number): string =>
    found
      .filter((one) => one.family === family)
      .map(({ address }) => address)
      .join(', ')
  const families = [4, 6].map((family) => [`IPv${family}`, ofFamily(family)] as const)
  const named = families.filter(([, list]) => list !== '')
  return named.map(([family, list]) => `${family} ${list}`).join('; ')
}

const proxyPortHint = 'nobody listens there: check the port of the proxy'
const gatewayPortHint = "nobody listens there: check the port; the gateway's is usually 443"
const swallowedHint =
  'something on the way swallows it, such as a firewall, or a VPN that is needed and down: ask whoever runs the network'

/** A connection that is made and closed. */
export async function reach(
  target: HostPort,
  whose: 'gateway' | 'proxy',
  signal: AbortSignal,
  timeoutMs = addressTimeoutMs,
): Promise<Found> {
  const socket = await dial(target, { signal, timeoutMs }).catch((error: unknown) => {
    const isRefused = error instanceof AppError && systemCode(error.cause) === 'ECONNREFUSED'
    const refusedHint = whose === 'gateway' ? gatewayPortHint : proxyPortHint
    const hint = isRefused ? refusedHint : swallowedHint
    throw new UpstreamError(`${whose}-unreachable`, messageOf(error), { hint, cause: error })
  })
  socket.destroy()
  return { detail: 'answers' }
}

/** Why a name has no address, in words. */
function nameFault(host: string, whose: 'gateway' | 'proxy', error: unknown): UpstreamError {
  const code = systemCode(error)?.replace(/^DNS_/, '')
  const what =
    code === 'ENOTFOUND' || code === 'ENODATA'
      ? 'does not resolve'
      : `could not be looked up (${code ?? messageOf(error)})`
  return new UpstreamError(`${whose}-unreachable`, `the name "${host}" ${what}`, {
    hint: 'check how it is written; a name of a company network may need its VPN',
    cause: error,
  })
}
