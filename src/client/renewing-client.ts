import type { Logger } from '../log.ts'
import { AccessError, messageOf } from '../errors.ts'
import type { GatewayClient } from './gateway-client.ts'
import { openBegunSignIns } from './sign-in/begun-sign-in.ts'
import type { TokenCache } from './sign-in/token-cache.ts'

/**
 * How long before its end a session is renewed before a tunnel is opened, in milliseconds; of a short session, its last
 * quarter.
 *
 * @limit time before the end of a session in which "postern tcp", "connect", "run" and "access" renew it first, where a person is there: earlier, tunnels are just opened
 */
const soonMs = 5 * 60_000
/**
 * How long a tunnel waits for that, in milliseconds: time for a browser that is signed in already.
 *
 * @limit time that a tunnel waits for the renewal of its session: it is opened with the session that there is, and goes on if that is renewed
 */
const patienceMs = 15_000

export interface RenewingOptions {
  /** Where the person's token is. */
  readonly cache: Pick<TokenCache, 'read' | 'signInPath'>
  readonly log: Pick<Logger, 'warn'>
  /** Milliseconds since the epoch. **Default:** the system's clock */
  readonly now?: () => number
  /** **Default:** as above */
  readonly patienceMs?: number
}

/**
 * The same client for a command with a person in front of it: a session that is about to end is renewed before a tunnel
 * is opened, once for each end, by whichever process comes first. Nobody waits long for somebody who is away.
 */
export function renewingClient(client: GatewayClient, options: RenewingOptions): GatewayClient {
  const { cache, log, now = Date.now, patienceMs: waitMs = patienceMs } = options
  const never = new AbortController().signal
  let askedFor: number | undefined
  let renewal: Promise<void> | undefined

  async function renewFirst(signal: AbortSignal): Promise<void> {
    const token = await cache.read()
    const end = token === undefined ? undefined : endOf(token)
    const leftMs = (end?.atMs ?? 0) - now()
    if (end === undefined || leftMs <= 0 || leftMs > end.leadMs) return
    if (askedFor !== end.atMs) {
      askedFor = end.atMs
      renewal = renewUnlessAsked(leftMs)
    }
    if (renewal !== undefined) await within(renewal, waitMs, signal)
  }

  /** Whether another process has asked, and nobody answered in time. */
  async function wasAsked(): Promise<boolean> {
    const begun = await openBegunSignIns(cache.signInPath).read()
    return begun !== undefined && now() - begun.begunAtMs > waitMs
  }

  async function renewUnlessAsked(leftMs: number): Promise<void> {
    if (await wasAsked()) return
    const minutes = Math.ceil(leftMs / 60_000)
    const left = minutes === 1 ? 'a minute' : `${minutes} minutes`
    log.warn(`the sign-in ends within ${left}, and is renewed first`)
    try {
      await client.renew(never)
    } catch (error) {
      // The command has ended before anybody answered.
      if (error instanceof AccessError && error.code === 'sign-in-cancelled') return
      log.warn(`the sign-in is not renewed: ${messageOf(error)}`, {
        hint: 'tunnels end with it; "postern login --renew" renews it while they are open',
      })
    }
  }

  return {
    ...client,
    async open(authority, signal, more) {
      await renewFirst(signal)
      return client.open(authority, signal, more)
    },
  }
}

/** Resolves with the promise, after a time, or when nobody waits any more. */
function within(promise: Promise<void>, limitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, limitMs)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
    void promise.finally(() => done())
  })
}

/** When the session of a token ends, as far as it says so, and how long before it is renewed. */
function endOf(token: string): { readonly atMs: number; readonly leadMs: number } | undefined {
  const { exp, iat } = claimsOf(token)
  if (typeof exp !== 'number') return undefined
  const lengthMs = typeof iat === 'number' ? (exp - iat) * 1000 : Infinity
  return { atMs: exp * 1000, leadMs: Math.min(soonMs, lengthMs / 4) }
}

/** What it says, unchecked: only the gateway can, and it is asked all the same. */
function claimsOf(token: string): Partial<Record<string, unknown>> {
  try {
    const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    const claims: unknown = JSON.parse(text)
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}
