import type { Clock } from '../clock.ts'
import type { Links } from '../links/links.ts'
import type { LiveTunnels } from '../access/live-tunnels.ts'
import type { OperatorTunnels } from '../publish/operator-tunnels.ts'
import type { RouteTable } from '../routes/table.ts'
import type { RouteCounts, Sample, SampleStore } from '../store/sample-store.ts'
import type { Forwarding, ForwardState } from '../telemetry/forward/forwarding.ts'
import { version } from '../version.ts'
import type { Authority } from './authority.ts'
import type { Actor } from './change.ts'
import {
  samplesInput,
  type ActivityView,
  type CertificateView,
  type ForwardStateView,
  type OverviewAnswer,
  type RouteActivityView,
  type SamplePointView,
  type SamplesAnswer,
  type SamplesQuery,
} from './picture-protocol.ts'
import { parseInput } from './protocol.ts'
import { busiestRange, checkPoints, pointsOf, stepFor, steps } from './sample-steps.ts'

/** What pictures reach inside the running gateway. */
export interface PictureParts {
  readonly clock: Clock
  readonly authority: Pick<Authority, 'requireIn'>
  readonly samples: Pick<SampleStore, 'points' | 'busiest'>
  readonly forwarding: Pick<Forwarding, 'states'>
  readonly startedAtMs: number
  /** Why the configuration, as its files are now, does not hold; none where it does. */
  reloadProblems(): readonly string[]
  /** Those that are fetched. */
  certificates(): readonly CertificateStanding[]
  /** Of those that clients take only with a stapled OCSP answer. */
  staples(): readonly StapleStanding[]
  routeTable(): RouteTable
  readonly liveTunnels: Pick<LiveTunnels, 'size'>
  readonly links: Pick<Links, 'list'>
  readonly operatorTunnels: Pick<OperatorTunnels, 'list'>
  readonly identity: { countSessions(): Promise<number> }
}

/** How a certificate stands that is fetched; times are milliseconds since the epoch. */
export interface CertificateStanding {
  readonly name: string
  readonly validity: { readonly untilMs: number } | undefined
  readonly error: string | undefined
  readonly nextTryAtMs: number | undefined
  readonly isLate: boolean
}

/** How the OCSP answer about a certificate stands; times are milliseconds since the epoch. */
export interface StapleStanding extends CertificateStanding {
  /** Of the answer. */
  readonly validity: CertificateStanding['validity']
  readonly isRevoked: boolean
}

/** What the gateway does and has done, in figures. */
export interface PictureOperations {
  overview(by: Actor): Promise<OverviewAnswer>
  /**
   * Figures over time. Of the whole gateway for who sees all of it, of a route for who sees that. Throws `PeerError`
   * `malformed-request`, also for more points than a picture can have.
   */
  samples(by: Actor, query: SamplesQuery): Promise<SamplesAnswer>
}

const [hourMs, dayMs] = [3_600_000, 86_400_000]
const busiestOfOverview = 5
const busiestOfPicture = 20
/** @limit problems of a configuration that the overview names: the log has them all */
const maxProblems = 20

/** @limit certificates that the overview names, those that are late first: the metrics have them all */
const maxCertificates = 500

export function pictureOperations(parts: PictureParts): PictureOperations {
  const { clock, authority, samples } = parts

  async function busiest(sinceMs: number, untilMs: number, maxRoutes: number) {
    const rows = await samples.busiest(busiestRange(sinceMs, untilMs), maxRoutes)
    const names = new Map(parts.routeTable().routes.map(({ id, name }) => [id, name]))
    return rows.map(({ routeId, ...counts }) => routeView(routeId, names.get(routeId), counts))
  }

  return {
    async overview() {
      const nowMs = clock.now()
      const day = { span: 'minute', sinceMs: nowMs - dayMs, untilMs: nowMs } as const
      const [minutes, sessions, states, busiestRoutes] = await Promise.all([
        samples.points(day),
        parts.identity.countSessions(),
        parts.forwarding.states(),
        busiest(nowMs - dayMs, nowMs, busiestOfOverview),
      ])
      return {
        at: timeOf(nowMs),
        version,
        started_at: timeOf(parts.startedAtMs),
        now: {
          tunnels: parts.liveTunnels.size,
          sessions,
          connectors: new Set(parts.links.list().map(({ connectorId }) => connectorId)).size,
          named_tunnels: parts.operatorTunnels.list().length,
          routes: parts.routeTable().routes.length,
        },
        last_hour: activityOf(minutes.filter(({ atMs }) => atMs >= nowMs - hourMs)),
        last_day: activityOf(minutes),
        busiest_routes: busiestRoutes,
        audit_forward: states.map(forwardView),
        configuration_problems: parts.reloadProblems().slice(0, maxProblems),
        certificates: [
          ...stapleViews(parts.staples()),
          ...worstFirst(parts.certificates()).map(certificateView),
        ].slice(0, maxCertificates),
      }
    },
    async samples(by, input) {
      const nowMs = clock.now()
      const asked = parseInput(samplesInput, input)
      const { until: untilMs = nowMs, since: sinceMs = untilMs - dayMs, route } = asked
      const step = asked.step ?? stepFor(sinceMs, untilMs, nowMs)
      checkPoints(sinceMs, untilMs, step)
      const namespace = parts.routeTable().routes.find(({ id }) => id === route)?.namespace
      authority.requireIn(by, 'samples', [namespace])
      const { span } = steps[step]
      const [rows, busiestRoutes] = await Promise.all([
        samples.points({ span, sinceMs: beginOf(sinceMs, steps[step].ms), untilMs }, route),
        route === undefined ? busiest(sinceMs, untilMs, busiestOfPicture) : [],
      ])
      return {
        since: timeOf(sinceMs),
        until: timeOf(untilMs),
        step,
        points: pointsOf(rows, { sinceMs, untilMs, step, nowMs }).map(pointView),
        busiest_routes: busiestRoutes,
      }
    },
  }
}

function beginOf(atMs: number, stepMs: number): number {
  return Math.floor(atMs / stepMs) * stepMs
}

function timeOf(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

function pointView({ atMs, rows }: ReturnType<typeof pointsOf>[number]): SamplePointView {
  const peak = (name: 'tunnelsOpen' | 'sessions' | 'connectors'): number =>
    rows.reduce((most, row) => Math.max(most, row[name]), 0)
  return {
    at: timeOf(atMs),
    measured: rows.length > 0,
    tunnels_open: peak('tunnelsOpen'),
    sessions: peak('sessions'),
    connectors: peak('connectors'),
    ...activityOf(rows),
  }
}

function activityOf(rows: readonly Sample[]): ActivityView {
  const sum = (name: keyof Sample): number => rows.reduce((total, row) => total + row[name], 0)
  return {
    tunnels_opened: sum('tunnelsOpened'),
    bytes_up: sum('bytesUp'),
    bytes_down: sum('bytesDown'),
    decisions: {
      allow: sum('allowed'),
      deny: sum('denied'),
      sign_in: sum('signInNeeded'),
      client_certificate: sum('certificateNeeded'),
    },
    sign_ins: { ok: sum('signInsOk'), failed: sum('signInsFailed') },
  }
}

function routeView(
  route_id: string,
  name: string | undefined,
  counts: RouteCounts,
): RouteActivityView {
  return {
    route_id,
    name: name ?? route_id,
    tunnels_open: counts.tunnelsOpen,
    tunnels_opened: counts.tunnelsOpened,
    bytes_up: counts.bytesUp,
    bytes_down: counts.bytesDown,
    decisions: {
      allow: counts.allowed,
      deny: counts.denied,
      sign_in: counts.signInNeeded,
      client_certificate: counts.certificateNeeded,
    },
  }
}

/** What is being sent now is not behind yet. */
const promptSeconds = 30

function forwardView(state: ForwardState): ForwardStateView {
  const { name, isFailing, problem, lagRecords, lagSeconds, dropped } = state
  const word = lagSeconds > promptSeconds ? 'behind' : 'up-to-date'
  return {
    name,
    state: isFailing ? 'failing' : word,
    ...(problem === undefined ? {} : { problem }),
    lag_records: lagRecords,
    lag_seconds: lagSeconds,
    dropped,
  }
}

function worstFirst(all: readonly CertificateStanding[]): readonly CertificateStanding[] {
  return [...all.filter(({ isLate }) => isLate), ...all.filter(({ isLate }) => !isLate)]
}

/** Only what somebody has to look at: of the others nothing is to be done. */
function stapleViews(all: readonly StapleStanding[]): readonly CertificateView[] {
  return all
    .filter(({ isLate }) => isLate)
    .map((it) => ({ ...certificateView(it), state: it.isRevoked ? 'revoked' : 'unstapled' }))
}

function certificateView(it: CertificateStanding): CertificateView {
  const { name, validity, error, nextTryAtMs, isLate } = it
  const held = validity === undefined ? 'waiting' : 'held'
  return {
    name,
    state: isLate ? 'late' : held,
    ...(validity && { valid_until: timeOf(validity.untilMs) }),
    ...(error !== undefined && { problem: error }),
    ...(error !== undefined && nextTryAtMs !== undefined && { next_try: timeOf(nextTryAtMs) }),
  }
}
