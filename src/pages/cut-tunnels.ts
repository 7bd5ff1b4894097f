import type { Clock } from '../clock.ts'
import type { AccessGrant } from '../access/access-grant.ts'
import { formatMoment } from '../requests/moment.ts'
import { explainReason } from '../policy/explain.ts'
import type { Ended } from '../telemetry/ended.ts'
import { cutReason, type CutCode, type CutReason } from '../tunnel/cut.ts'
import { whomToAsk } from '../routes/route.ts'
import type { Route } from '../routes/route.ts'

/** What is told of tunnels that this gateway has cut, to whoever knows their request ids. */
export interface CutTunnels {
  /** Keeps why a tunnel has ended; one that it has not cut itself is not kept. */
  add(tunnel: EndedTunnel): void
  find(requestId: string): CutReason | undefined
}

export interface EndedTunnel {
  readonly requestId: string
  readonly ended: Ended
  /** The policy's at the last decision. */
  readonly reasons: readonly string[]
  readonly route: Pick<Route, 'contact'>
  /** What it rested on, for `access-ended`. */
  readonly access?: AccessGrant | undefined
}

/** @limit time that the reason of a cut tunnel is kept for its client: it is told that it was lost */
export const keptMs = 5 * 60_000
/** @limit reasons of cut tunnels that are kept: the oldest is forgotten first */
export const maxKept = 10_000

/** Keeps them in memory: whoever asks does so at once, and a gateway that has ended says so itself. */
export function createCutTunnels(clock: Clock): CutTunnels {
  /** Oldest first. */
  const kept = new Map<string, { readonly reason: CutReason; readonly untilMs: number }>()
  let sweep: Disposable | undefined

  /** One timer for all; a Map keeps the order in which they came. */
  function forgetOld(): void {
    sweep = undefined
    for (const [id, { untilMs }] of kept) {
      if (untilMs > clock.now()) {
        sweep = clock.schedule(untilMs - clock.now(), forgetOld)
        return
      }
      kept.delete(id)
    }
  }

  return {
    add(tunnel) {
      const { requestId } = tunnel
      const reason = cutReasonOf(tunnel, clock.now())
      if (reason === undefined) return
      kept.set(requestId, { reason, untilMs: clock.now() + keptMs })
      const [oldest] = kept.keys()
      if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest)
      sweep ??= clock.schedule(keptMs, forgetOld)
    },
    find(requestId) {
      const found = kept.get(requestId)
      return found !== undefined && found.untilMs > clock.now() ? found.reason : undefined
    },
  }
}

/** What there is to say of a tunnel that the gateway has cut itself; undefined of any other. */
export function cutReasonOf(tunnel: EndedTunnel, nowMs: number): CutReason | undefined {
  const { ended } = tunnel
  return isCut(ended) ? reasonOf(ended, tunnel, nowMs) : undefined
}

/** Why the gateway has cut a tunnel; undefined while it has not. */
export function cutCodeOf(ended: Ended | undefined): CutCode | undefined {
  return ended !== undefined && isCut(ended) ? ended : undefined
}

const endedByOthers = {
  'client-closed': true,
  'upstream-closed': true,
  'client-reset': true,
  'upstream-reset': true,
} as const satisfies Partial<Record<Ended, true>>

/** The gateway itself ends tunnels for every other cause: `CutCode` names them all, or this does not compile. */
function isCut(ended: Ended): ended is Exclude<Ended, keyof typeof endedByOthers> {
  return !Object.hasOwn(endedByOthers, ended)
}

function reasonOf(
  code: Exclude<Ended, keyof typeof endedByOthers>,
  { requestId, reasons, route, access }: EndedTunnel,
  nowMs: number,
): CutReason {
  const plain = cutReason(code, requestId)
  const next = plain.next.replace('whoever runs the gateway', () => whomToAsk(route))
  if (code === 'access-ended' && access !== undefined)
    return { ...plain, message: accessEnded(access, nowMs), next }
  if (code !== 'policy-changed') return { ...plain, next }
  const why = reasons.map(explainReason).join('; ')
  const message = why === '' ? plain.message : `${plain.message}: ${why}`
  return { ...plain, message, next, reasons }
}

function accessEnded({ untilMs, by, isBreakGlass }: AccessGrant, nowMs: number): string {
  const who = isBreakGlass ? 'taken in an emergency' : `granted by ${by}`
  const until = formatMoment(untilMs, nowMs)
  return untilMs > nowMs
    ? `access ${who} until ${until} was ended before that`
    : `access ${who} until ${until} has ended`
}
