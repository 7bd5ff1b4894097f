import type { Renewal, RenewalOutcome } from '../../client/sign-in/renew-session.ts'
import type { Clock } from '../../clock.ts'
import { sayDuration } from '../../clock.ts'
import { AccessError } from '../../errors.ts'

/** What becomes of a session, for its person. */
export type SessionNews =
  /** It ends soon; said at most once for each of `warnings`, and only while connections are up. */
  | { readonly kind: 'ending'; readonly leftMs: number }
  | { readonly kind: 'renewing' }
  /** Tunnels of a session that was replaced end at `formerEndMs`. */
  | { readonly kind: 'renewed'; readonly outcome: RenewalOutcome; readonly formerEndMs: number }
  /** With `isTriedAgain` the gateway could not be asked. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly isTriedAgain: boolean }

/** How much a session is in use. */
export interface SessionUse {
  /** Connections that listen. */
  readonly connections: number
  readonly tunnels: number
  /** When a tunnel was opened or bytes of one moved last, in milliseconds since the epoch. */
  readonly lastMs: number | undefined
}

export interface SessionWatchParts {
  readonly clock: Clock
  readonly use: () => SessionUse
  /**
   * Asks the gateway until when the session lasts, and calls `follow` with the answer: another process may
   * have renewed it. Never rejects.
   */
  readonly look: () => Promise<void>
  readonly renew: (signal: AbortSignal) => Promise<Renewal>
  /** Must not throw. */
  readonly tell: (news: SessionNews) => void
}

/** Watches one session of one gateway, with its renewal. */
export interface SessionWatch extends Disposable {
  /** What the gateway says of its end (RFC 3339); undefined where nobody is signed in, or it does not say. */
  follow(expiresAt: string | undefined): void
  /** Milliseconds since the epoch. */
  readonly endMs: number | undefined
  readonly renewal: 'none' | 'under-way' | 'failed'
  /** Renews it now, whoever is there; joins the renewal under way. Rejects as `GatewayClient.renew`. */
  renew(): Promise<Renewal>
}

const minuteMs = 60_000
/** How long before the end a person is warned, in milliseconds. */
const warnings = [15 * minuteMs, 5 * minuteMs] as const
/**
 * How long before the end the renewal begins, in milliseconds: time for a second factor, and for somebody who
 * is away for a moment. A short session is renewed in its last quarter.
 */
const longestLeadMs = 30 * minuteMs
/**
 * With no byte for so long nobody is taken to be there, in milliseconds: no tab is opened in an empty room.
 *
 * @limit time without a byte in any tunnel after which the daemon renews no session by itself: it does once bytes move again before the end
 */
const unusedMs = 60 * 60_000
/** Between two looks whether somebody is there, or the gateway is back, in milliseconds. */
const waitMs = minuteMs

/** One end of a session, and what was done about it. */
interface End {
  readonly atMs: number
  readonly leadMs: number
  /** Those that are to come. */
  warnings: readonly number[]
  renewal: SessionWatch['renewal']
  /** Whether it was said that the gateway could not be asked. */
  isFailureSaid: boolean
}

/** Watches a session: nothing is known of it yet. */
export function watchSession(parts: SessionWatchParts): SessionWatch {
  const { clock, use, look, tell } = parts
  const closing = new AbortController()
  let end: End | undefined
  let timer: Disposable | undefined
  let looking: Promise<void> | undefined
  let renewing: Promise<Renewal> | undefined
  /** Whether the gateway gave the same session with the same end: a tab for every end would be in vain. */
  let isInVain = false

  function follow(expiresAt: string | undefined): void {
    const atMs = expiresAt === undefined ? Number.NaN : Date.parse(expiresAt)
    if (atMs === end?.atMs) return
    end = Number.isNaN(atMs) ? undefined : newEnd(atMs, clock.now())
    arm()
  }

  function arm(): void {
    timer?.[Symbol.dispose]()
    timer = undefined
    if (end === undefined || closing.signal.aborted) return
    const nowMs = clock.now()
    if (end.atMs <= nowMs) return
    const beforeMs = mayBegin(end) ? [...end.warnings, end.leadMs] : end.warnings
    if (beforeMs.length === 0) return
    // What is due and was not done waits for somebody, or for the gateway.
    const dueMs = end.atMs - Math.max(...beforeMs)
    const nextMs = dueMs <= nowMs ? waitMs : dueMs - nowMs
    timer = clock.schedule(nextMs, () => void step())
  }

  function mayBegin({ renewal }: End): boolean {
    return renewal === 'none' && !isInVain && renewing === undefined
  }

  function step(): Promise<void> {
    const before = end
    looking ??= look().finally(() => {
      looking = undefined
      // One that was renewed elsewhere is another end, and armed already.
      if (end !== before || end === undefined || closing.signal.aborted) return
      act(end)
      arm()
    })
    return looking
  }

  function act(current: End): void {
    const leftMs = current.atMs - clock.now()
    if (leftMs <= 0) return
    const { connections, tunnels, lastMs = -Infinity } = use()
    const isThere = tunnels > 0 && clock.now() - lastMs < unusedMs
    if (mayBegin(current) && leftMs <= current.leadMs && isThere)
      void renew().catch(() => undefined)
    const later = current.warnings.filter((beforeMs) => beforeMs < leftMs)
    if (later.length === current.warnings.length || connections === 0) return
    // One for all that a sleeping machine has missed.
    current.warnings = later
    tell({ kind: 'ending', leftMs })
  }

  function renew(): Promise<Renewal> {
    renewing ??= begin(end).finally(() => {
      renewing = undefined
      arm()
    })
    return renewing
  }

  async function begin(current: End | undefined): Promise<Renewal> {
    setRenewal(current, 'under-way')
    tell({ kind: 'renewing' })
    try {
      const renewal = await parts.renew(closing.signal)
      setRenewal(current, 'none')
      isInVain = renewal.outcome === 'unchanged'
      const formerEndMs = current?.atMs ?? clock.now()
      if (!closing.signal.aborted) {
        tell({ kind: 'renewed', outcome: renewal.outcome, formerEndMs })
        follow(renewal.owner.expiresAt)
      }
      return renewal
    } catch (error) {
      failed(current, error)
      throw error
    }
  }

  /** Whoever was asked and did not answer is not asked again; a gateway that is away is. */
  function failed(current: End | undefined, error: unknown): void {
    const isTriedAgain = !(error instanceof AccessError)
    setRenewal(current, isTriedAgain ? 'none' : 'failed')
    const isSaid = current?.isFailureSaid === true && isTriedAgain
    if (current !== undefined) current.isFailureSaid = isTriedAgain
    if (!isSaid && !closing.signal.aborted) tell({ kind: 'failed', error, isTriedAgain })
  }

  return {
    follow,
    get endMs() {
      return end?.atMs
    },
    get renewal() {
      return renewing === undefined ? (end?.renewal ?? 'none') : 'under-way'
    },
    renew,
    [Symbol.dispose]() {
      closing.abort(new Error('nobody watches the session any more'))
      arm()
    },
  }
}

function newEnd(atMs: number, nowMs: number): End {
  const leftMs = atMs - nowMs
  return {
    atMs,
    // By what is left: a session that lasts minutes would be renewed as soon as it was.
    leadMs: Math.min(longestLeadMs, leftMs / 4),
    warnings: warnings.filter((beforeMs) => beforeMs < leftMs),
    renewal: 'none',
    isFailureSaid: false,
  }
}

function setRenewal(end: End | undefined, renewal: SessionWatch['renewal']): void {
  if (end !== undefined) end.renewal = renewal
}

/** `ends in 23 minutes`, as a person reads it; to the minute, and never more than there is. */
export function sayEndsIn(leftMs: number): string {
  if (leftMs <= 0) return 'has ended'
  if (leftMs < minuteMs) return 'ends in less than a minute'
  return `ends in ${sayDuration(Math.floor(leftMs / minuteMs) * minuteMs)}`
}
