import { hash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AccessError } from '../errors.ts'
import { findCookie, formatSetCookie, ownCookies } from './cookies.ts'
import type { SignInChecks } from './provider.ts'
import { seal, unseal } from './sealed.ts'

/** Where a sign-in leads once it is done. */
export interface SignInTarget {
  /** Absolute; the caller has checked that a sign-in may end there. At most 2,000 characters. */
  readonly returnTo: string
  /** What `returnTo` is given: nothing (a page of ours), a session token, or a one-time code. */
  readonly carries: 'nothing' | 'token' | 'code'
  /** The S256 challenge that the code is bound to; only with `code`. */
  readonly codeChallenge?: string | undefined
  /** Set when the session is to be that of a machine without a browser, and not this browser's. */
  readonly device?: DeviceTarget | undefined
}

/** The machine that a sign-in is for. Only the person who approved it may finish the sign-in. */
export interface DeviceTarget {
  /** Names the device code. */
  readonly secretHash: string
  readonly host: string
  readonly userId: string
}

/** What a browser keeps, encrypted, while it is at the provider. */
export interface PendingFlow extends SignInChecks {
  readonly target: SignInTarget
}

/**
 * Sign-ins under way. They live in the browsers that began them, each in a cookie of its own so that
 * two tabs can sign in: nobody else can finish one (login CSRF), and nothing is kept here for
 * sign-ins that are never finished.
 */
export interface PendingFlows {
  /** The `Set-Cookie` values for a new flow; the oldest of too many are deleted. */
  put(flow: PendingFlow, cookieHeader: string | undefined): Promise<readonly string[]>
  /**
   * The flow of a callback's `state`, once. Throws `AccessError` `sign-in-state-mismatch`,
   * `sign-in-expired` or `sign-in-used`.
   */
  take(state: string, cookieHeader: string | undefined): Promise<PendingFlow>
  /** The `Set-Cookie` value that ends a flow. */
  clear(state: string): string
}

/** @limit life of a sign-in under way: start again */
const flowLifeMs = 600_000
/**
 * A browser sends all of them with every request, and request heads are bounded.
 *
 * @limit sign-ins under way in one browser: the oldest is given up
 */
const maxPendingFlows = 4
/** @limit the address that a sign-in returns to: 400 */
const maxReturnToLength = 2000
/** @limit none: finished sign-ins that are remembered against a second use */
const maxUsedFlows = 10_000
const startAgain = { hint: 'start again where you came from' }

export function createPendingFlows(
  cookiePrefix: string,
  key: Uint8Array,
  clock: Clock,
): PendingFlows {
  const used = new Map<string, number>()
  const nameOf = (state: string): string =>
    `${cookiePrefix}${hash('sha256', state, 'base64url').slice(0, 16)}`
  return {
    async put(flow, cookieHeader) {
      if (flow.target.returnTo.length > maxReturnToLength) {
        const text = `the address to return to has more than ${maxReturnToLength} characters`
        throw new AccessError('return-address-too-long', text)
      }
      const sealed = await seal(key, { flow, expiresAtMs: clock.now() + flowLifeMs })
      const cookie = formatSetCookie(nameOf(flow.state), sealed, flowLifeMs / 1000)
      return [...deletionsOfOldest(cookieHeader, cookiePrefix), cookie]
    },
    async take(state, cookieHeader) {
      const name = nameOf(state)
      const cookie = findCookie(cookieHeader, name)
      const payload = cookie === undefined ? undefined : await unseal(key, cookie)
      // Sealed by us for this purpose, so it has the shape that `put` gave it.
      const { flow, expiresAtMs } = (payload ?? {}) as Partial<{
        flow: PendingFlow
        expiresAtMs: number
      }>
      if (flow?.state !== state || expiresAtMs === undefined) {
        const text = 'this sign-in was not begun in this browser, or more than 10 minutes ago'
        throw new AccessError('sign-in-state-mismatch', text, startAgain)
      }
      if (expiresAtMs <= clock.now()) {
        const text = 'this sign-in was begun more than 10 minutes ago'
        throw new AccessError('sign-in-expired', text, startAgain)
      }
      use(used, name, expiresAtMs, clock.now())
      return flow
    },
    clear: (state) => formatSetCookie(nameOf(state), '', 0),
  }
}

/** Browsers send the oldest first among cookies of the same path (RFC 6265 §5.4). */
function deletionsOfOldest(cookieHeader: string | undefined, prefix: string): readonly string[] {
  const names = [...ownCookies(cookieHeader).keys()].filter((name) => name.startsWith(prefix))
  const surplus = Math.max(names.length - maxPendingFlows + 1, 0)
  return names.slice(0, surplus).map((name) => formatSetCookie(name, '', 0))
}

/** Of two callbacks with the same state only one counts, also when they come at the same time. */
function use(used: Map<string, number>, name: string, expiresAtMs: number, nowMs: number): void {
  if (used.has(name)) {
    throw new AccessError('sign-in-used', 'this sign-in was finished already', startAgain)
  }
  // In order of insertion, which is nearly the order of their ends.
  for (const [oldest, endMs] of used) {
    if (endMs > nowMs && used.size < maxUsedFlows) break
    used.delete(oldest)
  }
  used.set(name, expiresAtMs)
}
