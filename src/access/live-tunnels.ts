import { setImmediate as nextTurn } from 'node:timers/promises'
import { AccessError, messageOf, SystemError, UpstreamError } from '../errors.ts'
import type { TimerClock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { TunnelBytes } from '../net/direction.ts'
import { createIdleLimit } from '../net/idle-limit.ts'
import type { RelayOptions } from '../net/relay.ts'
import type { Ended } from '../telemetry/ended.ts'
import type { AccessGrant, FindAccessGrant } from './access-grant.ts'
import { createFreshGrants, type FindSession, type FreshGrantParts } from './fresh-grant.ts'
import type { Grant } from './grant.ts'
import { DeniedError } from './denied.ts'
import type { Route } from '../routes/route.ts'
import {
  createTunnelRegister,
  type Destination,
  type SessionEnded,
  type TunnelEntry,
} from './tunnel-register.ts'
import { createTunnelLimits } from './tunnel-limits.ts'
import { createTurns, type Turns } from '../turns.ts'

/** A tunnel that is open, and what its relay obeys; disposing takes it off the register. */
export interface LiveTunnel
  extends Disposable, Required<Pick<RelayOptions, 'signal' | 'idle' | 'bytes' | 'stallTimeoutMs'>> {
  /** Why it was cut; undefined while it was not. */
  readonly ended: Ended | undefined
  /** The policy's reasons at the last decision. */
  readonly reasons: readonly string[]
  /** What it rested on where no rule let the person in, ended or not. */
  readonly access: AccessGrant | undefined
}

export interface LiveTunnelParts extends FreshGrantParts {
  readonly clock: TimerClock
  readonly logger: Logger
  /** Longest life of any tunnel, in milliseconds; 0 for no limit. */
  timeoutWriteMs(): number
  /** Most tunnels of one person or service account at once; 0 for no limit. */
  maxTunnelsPerUser(): number
  /** **Default:** nobody was given any */
  readonly accessGrant?: FindAccessGrant
  /** What is said of tunnels that were cut waits while others are to be decided again. **Default:** it does not */
  readonly words?: Pick<Turns, 'behind'>
}

/** A tunnel as whoever runs the gateway sees it. */
export interface OpenTunnel extends Readonly<
  Pick<TunnelEntry, 'grant' | 'destination' | 'openedAtMs'>
> {
  /** What it has moved so far: it grows while the tunnel is open. */
  readonly bytes: Readonly<TunnelBytes>
}

/** A tunnel as whose it is sees it. */
export interface OwnOpenTunnel extends OpenTunnel {
  /** When it ends at the latest, or is decided again, as it stands now; undefined where neither is due. */
  readonly untilMs: number | undefined
}

export interface LiveTunnels {
  readonly size: number
  /** Those that nothing has cut yet, oldest first. */
  open(): readonly OpenTunnel[]
  /** Those of one session, oldest first and `most` of them, and how many there are. */
  openOf(
    sessionId: string,
    most: number,
  ): { readonly tunnels: readonly OwnOpenTunnel[]; readonly open: number }
  /** How many tunnels a session has open. */
  countOf(sessionId: string): number
  /**
   * Whether a tunnel may be opened besides those that are open.
   *
   * @throws AccessError `too-many-tunnels`; SystemError `gateway-leaving` once all were cut
   */
  checkRoom(grant: Grant): void
  /**
   * Registers a tunnel that leads to `destination`. When anything moved since its grant was made it is
   * decided again first, in one step with the registration.
   *
   * @throws AccessError when it may no longer be; UpstreamError `route-changed`; SystemError
   * `decision-unsettled`, or `gateway-leaving` once all were cut
   */
  add(grant: Grant, destination: Destination): Promise<LiveTunnel>
  /**
   * Looks at every tunnel, or at those of one session: what its decision rests on has changed for some,
   * which are decided again, and cut where they may no longer be. Those that stay get the limits that
   * hold now.
   */
  redecide(filter?: { readonly sessionId: string; readonly ended: SessionEnded }): Promise<void>
  /** Resolves when no tunnel is left. */
  drained(): Promise<void>
  /** Cuts those that fit, before it returns, and answers them; others may be opened right after. */
  cut(fits: (tunnel: OpenTunnel) => boolean, ended: Ended): readonly OpenTunnel[]
  /** Cuts them all for good: one that is still being opened is refused. */
  cutAll(ended: Ended): void
}

/** Keeps the register of live tunnels. */
export function createLiveTunnels(parts: LiveTunnelParts): LiveTunnels {
  const register = createTunnelRegister()
  const grants = createFreshGrants(parts)
  const limits = createTunnelLimits(parts, register)
  /** Decisions of many tunnels may stop being valid in the same millisecond. */
  const due = createTurns(tunnelsPerTurn)
  const { words } = parts
  let isLeaving = false

  function checkRoom(grant: Grant): void {
    if (isLeaving) throw gatewayLeaving()
    limits.checkRoom(grant)
  }

  /** One at a time for each tunnel: what changes meanwhile is seen by the next. */
  function recheck(entry: TunnelEntry, find?: FindSession): Promise<void> {
    entry.rechecked = entry.rechecked.then(() => decideAgain(entry, find))
    return entry.rechecked
  }

  /** Before what is said of those that are cut already. */
  const first = (decided: Promise<void>): Promise<void> => words?.behind(decided) ?? decided

  async function decideAgain(entry: TunnelEntry, find?: FindSession): Promise<void> {
    if (!register.has(entry) || entry.ended !== undefined) return
    try {
      await grants.withFresh(entry.grant, (grant) => keep(entry, grant), find)
    } catch (error) {
      // Whatever the failure is, a tunnel that cannot be decided may not stay.
      const isDecided = error instanceof AccessError
      if (!isDecided) {
        const { requestId } = entry.grant.request
        const fields = { error: messageOf(error), 'request-id': requestId }
        parts.logger.error('cannot decide a tunnel again, it is cut', fields)
      }
      entry.reasons = error instanceof DeniedError ? error.reasons : []
      const isBlocked = isDecided && error.code === 'person-blocked'
      cut(entry, isBlocked ? error.code : endedBy(entry, isDecided))
    }
  }

  function keep(entry: TunnelEntry, grant: Grant): void {
    if (!register.has(entry)) return
    const isStillThere = entry.destination.isReachedBy(grant.route.way, entry.grant.route.way)
    entry.grant = grant
    register.followRoute(entry)
    entry.reasons = grant.decision.allow.reasons
    if (isStillThere) arm(entry)
    else cut(entry, 'route-changed')
  }

  /** Whether it rested on a grant that is over; of one that is not, the policy has changed. */
  function hasAccessEnded({ decision: { access }, caller: { session }, route }: Grant): boolean {
    if (access === undefined || session === undefined) return false
    return parts.accessGrant?.(session.userId, route)?.id !== access.id
  }

  function endedBy({ grant, sessionEnded }: TunnelEntry, isDecided: boolean): Ended {
    const { request, caller, validUntilMs } = grant
    const { session } = caller
    if (parts.routes().match(request.target) === undefined) return 'route-removed'
    if (session !== undefined && sessionEnded !== undefined) return sessionEnded
    const expiresAtMs = session?.expiresAtMs
    const hasExpired = expiresAtMs !== undefined && expiresAtMs <= parts.clock.now()
    if (hasExpired && validUntilMs === expiresAtMs) return 'session-expired'
    if (!isDecided) return 'undecided'
    return hasAccessEnded(grant) ? 'access-ended' : 'policy-changed'
  }

  function cut(entry: TunnelEntry, ended: Ended): void {
    if (!register.has(entry)) return
    entry.ended ??= ended
    entry.controller.abort(tunnelCut)
  }

  function uncut(): readonly TunnelEntry[] {
    return register.all().filter(({ ended }) => ended === undefined)
  }

  /** Sets the limits that its grant has now: each may differ from those it began with. */
  function arm(entry: TunnelEntry): void {
    const { route, validUntilMs } = entry.grant
    const nowMs = parts.clock.now()
    disarm(entry)
    entry.idle.change(route.idleTimeoutMs)
    const endMs = lifeEndMs(entry)
    if (endMs !== undefined) {
      const leftMs = Math.max(endMs - nowMs, 0)
      entry.lifeTimer = parts.clock.schedule(leftMs, () => cut(entry, 'timeout'))
    }
    if (validUntilMs !== undefined) {
      const leftMs = Math.max(validUntilMs - nowMs, 1)
      entry.recheckTimer = parts.clock.schedule(leftMs, () =>
        due.pass(() => void first(recheck(entry))),
      )
    }
  }

  /** When the longest life that a tunnel may have is over; undefined where that has no limit. */
  function lifeEndMs({ grant, openedAtMs }: TunnelEntry): number | undefined {
    const { timeoutMs } = grant.route
    const limits = [timeoutMs, parts.timeoutWriteMs()].filter((limitMs) => limitMs > 0)
    return limits.length === 0 ? undefined : openedAtMs + Math.min(...limits)
  }

  function ownOf(sessionId: string, most: number): readonly OwnOpenTunnel[] {
    const own: OwnOpenTunnel[] = []
    for (const entry of register.eachOfSession(sessionId)) {
      if (own.length === most) break
      if (entry.ended !== undefined) continue
      const { grant, destination, openedAtMs, bytes } = entry
      const ends = [lifeEndMs(entry), grant.validUntilMs].filter((ms) => ms !== undefined)
      const untilMs = ends.length === 0 ? undefined : Math.min(...ends)
      own.push({ grant, destination, openedAtMs, bytes, untilMs })
    }
    return own
  }

  function open(grant: Grant, opened: Route, destination: Destination): LiveTunnel {
    if (!destination.isReachedBy(grant.route.way, opened.way)) throw routeChanged(grant.route)
    checkRoom(grant)
    const entry = makeEntry(grant, destination, parts.clock)
    register.add(entry)
    arm(entry)
    return {
      signal: entry.controller.signal,
      idle: entry.idle,
      bytes: entry.bytes,
      stallTimeoutMs: () => entry.grant.route.stallTimeoutMs,
      get ended() {
        return entry.ended ?? (entry.idle.isMet ? 'idle-timeout' : undefined)
      },
      get reasons() {
        return entry.reasons
      },
      get access() {
        return entry.grant.decision.access
      },
      [Symbol.dispose]() {
        disarm(entry)
        register.remove(entry)
      },
    }
  }

  /** What ends a session is known before it is told, so that nobody has to ask for it again. */
  const isGone = (filter: { sessionId: string; ended: SessionEnded } | undefined): boolean =>
    filter?.ended !== undefined && parts.sessionVersion(filter.sessionId) === undefined

  async function redecide(filter: Parameters<LiveTunnels['redecide']>[0]): Promise<void> {
    const touched = filter === undefined ? register.all() : register.ofSession(filter.sessionId)
    // At once: one that is being decided again for another reason may be the first to find the session gone.
    for (const entry of touched) entry.sessionEnded ??= filter?.ended
    const remembered = rememberSessions(parts.session)
    // One that waits for a store that reads slowly, to be decided again for another reason, is not waited for.
    const decide = isGone(filter)
      ? (entry: TunnelEntry) => decideAgain(entry, nobody)
      : (entry: TunnelEntry) => recheck(entry, remembered)
    for (let start = 0; start < touched.length; start += tunnelsPerTurn) {
      const batch = touched.slice(start, start + tunnelsPerTurn)
      await Promise.all(batch.map(decide))
      // The bytes of all the others go on in between.
      await nextTurn()
    }
  }

  return {
    get size() {
      return register.size
    },
    open: uncut,
    openOf(sessionId, most) {
      const tunnels = ownOf(sessionId, most)
      // One that is cut counts until its bytes have stopped: among few it is not there any more.
      const open = tunnels.length < most ? tunnels.length : register.countOfSession(sessionId)
      return { tunnels, open }
    },
    countOf: register.countOfSession,
    checkRoom,
    add: (grant, destination) =>
      grants.withFresh(grant, (fresh) => open(fresh, grant.route, destination)),
    redecide: (filter) => first(redecide(filter)),
    drained: register.emptied,
    cut(fits, ended) {
      const those = uncut().filter(fits)
      for (const entry of those) cut(entry, ended)
      return those
    },
    cutAll(ended) {
      isLeaving = true
      for (const entry of register.all()) cut(entry, ended)
    },
  }
}

/** Nobody asks for it; without one, Node.js makes an error of its own for each, with its stack. */
const tunnelCut = new Error('the tunnel is cut')

/** Tunnels that are decided again before others get their turn. */
const tunnelsPerTurn = 50

function makeEntry(grant: Grant, destination: Destination, clock: TimerClock): TunnelEntry {
  return {
    grant,
    destination,
    openedAtMs: clock.now(),
    controller: new AbortController(),
    idle: createIdleLimit(grant.route.idleTimeoutMs, clock),
    bytes: { up: 0, down: 0 },
    ended: undefined,
    sessionEnded: undefined,
    reasons: grant.decision.allow.reasons,
    lifeTimer: undefined,
    recheckTimer: undefined,
    rechecked: Promise.resolve(),
  }
}

function disarm(entry: TunnelEntry): void {
  entry.lifeTimer?.[Symbol.dispose]()
  entry.recheckTimer?.[Symbol.dispose]()
  entry.lifeTimer = undefined
  entry.recheckTimer = undefined
}

function routeChanged({ name }: Route): UpstreamError {
  const message = `route "${name}" was changed to lead elsewhere while you asked for it`
  return new UpstreamError('route-changed', message, { hint: 'try again' })
}

function gatewayLeaving(): SystemError {
  const message = 'this gateway is stopping or restarting, and opens no more tunnels'
  return new SystemError('gateway-leaving', message, { hint: 'try again in a moment' })
}

const nobody: FindSession = () => Promise.resolve(undefined)

/** Asks for each session once: people have many tunnels. */
function rememberSessions(find: FindSession): FindSession {
  const found = new Map<string, ReturnType<FindSession>>()
  return (id) => {
    const known = found.get(id) ?? find(id)
    found.set(id, known)
    return known
  }
}
