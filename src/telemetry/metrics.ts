import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

import { version } from '../version.ts'
import type { CountedBytes } from './byte-counter.ts'
import { certificateMetrics, type CertificateMetrics } from './certificate-metrics.ts'
import { forwardMetrics, type ForwardMetrics } from './forward-metrics.ts'
import { linkMetrics, type LinkMetrics } from './link-metrics.ts'
import { stapleMetrics, type StapleMetrics } from './staple-metrics.ts'
import { tunnelMetrics, type CountedRoute, type CountedTunnel } from './tunnel-metrics.ts'

/** What a policy said; `Outcome` of `policy/` fits. */
export type DecisionOutcome = 'allow' | 'deny' | 'sign-in' | 'client-certificate'

/** What an identity provider can be at fault for; the codes of `identity/` fit. */
const providerFailures = [
  'provider-unavailable',
  'provider-invalid',
  'provider-refused',
  'token-refused',
] as const
export type ProviderFailure = (typeof providerFailures)[number]

/** What people and machines that sign in are limited in; the codes of `identity/` fit. */
const limits = [
  'too-many-sign-ins',
  'too-many-failed-sign-ins',
  'too-many-device-codes',
  'too-many-wrong-codes',
] as const
export type Limit = (typeof limits)[number]

/** How an attempt came out. */
export type Success = 'ok' | 'failed'

/**
 * What the gateway counts. Labels are words of the program and names of configured routes, never
 * what a client sent: nobody outside can make the number of series grow.
 */
export interface Metrics {
  /** A tunnel is open: its 200 has been sent. What its counter says is read at each scrape, until it ends. */
  tunnelOpened(route: CountedRoute, bytes: CountedBytes): CountedTunnel
  decided(outcome: DecisionOutcome, route: CountedRoute): void
  signedIn(outcome: Success): void
  /** There is such a provider, by its id: its failures begin with 0, so that a rate has something to begin with. */
  providerAdded(provider: string): void
  /** The identity provider, or its configuration here, was at fault. */
  providerFailed(reason: ProviderFailure, provider: string): void
  /** A request was refused since its address, or its person, has done enough for now. */
  limited(limit: Limit): void
  /** An upstream was dialled, successfully or not, in `durationMs`. */
  dialled(outcome: Success, durationMs: number): void
  /** Asks for the number of sessions at each scrape. */
  countSessions(count: () => number | Promise<number>): void
  /** A connection without a tunnel, or an answer outside of one, was ended by the gateway. */
  peerEnded(why: string): void
  /** Asks for the number of connections at each scrape. */
  countConnections(count: () => ConnectionCount): void
  /** The configuration was read, at the start or again. */
  configLoaded(outcome: Success, nowMs: number): void
  /** Asks for the number of log lines that never reached their reader, at each scrape. */
  countDroppedLines(count: () => number): void
  /** Connections of connectors, and registrations. */
  readonly connectors: LinkMetrics
  /** What is forwarded of the audit log. */
  readonly forwarding: ForwardMetrics
  /** OCSP answers that are handed out with certificates. */
  readonly staples: StapleMetrics
  /** Certificates that are fetched. */
  readonly certificates: CertificateMetrics
  /** Audit entries could not be kept in the state directory. */
  auditEntriesLost(entries: number): void
  readonly contentType: string
  /** Everything in Prometheus' text format. */
  render(): Promise<string>
}

/** Connections of the port; a CONNECT under way counts as a tunnel. */
export interface ConnectionCount {
  readonly withTunnel: number
  readonly withoutTunnel: number
}

const dialBucketsSeconds = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10]

const eventLoopPrecisionMs = 200

/** Makes an empty set of metrics, with those of the process itself. **Default:** in a registry of its own */
export function createMetrics(registry: Registry = new Registry()): Metrics {
  const registers = [registry]
  // Its default looks at the event loop 100 times a second: most of what an idle gateway does.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopPrecisionMs })
  new Gauge({
    name: 'postern_build_info',
    help: 'Always 1; the release and the runtime are its labels',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.versions.node }, 1)

  const decisions = new Counter({
    name: 'postern_decisions_total',
    help: 'Decisions of the policy, those on live tunnels included',
    labelNames: ['outcome'],
    registers,
  })
  const signIns = new Counter({
    name: 'postern_sign_ins_total',
    help: 'Sign-ins that came back from the identity provider, and those that could not be begun',
    labelNames: ['outcome'],
    registers,
  })
  const failures = new Counter({
    name: 'postern_identity_provider_failures_total',
    help: 'Questions to an identity provider that failed by its fault or by its configuration here',
    labelNames: ['provider', 'reason'],
    registers,
  })
  const limited = new Counter({
    name: 'postern_limited_requests_total',
    help: 'Requests of a sign-in that were refused by a limit',
    labelNames: ['limit'],
    registers,
  })
  const dials = new Histogram({
    name: 'postern_upstream_dial_seconds',
    help: 'Time to reach an upstream, or to find that it cannot be',
    labelNames: ['outcome'],
    buckets: dialBucketsSeconds,
    registers,
  })
  const auditLost = new Counter({
    name: 'postern_audit_entries_lost_total',
    help: 'Audit entries that could not be kept in the state directory',
    registers,
  })
  const peersEnded = new Counter({
    name: 'postern_connections_closed_total',
    help: 'Connections without a tunnel, and answers beside one, that the gateway ended, by why',
    labelNames: ['why'],
    registers,
  })
  for (const outcome of ['allow', 'deny', 'sign-in']) decisions.inc({ outcome }, 0)
  for (const outcome of ['ok', 'failed']) signIns.inc({ outcome }, 0)
  for (const limit of limits) limited.inc({ limit }, 0)

  return {
    tunnelOpened: tunnelMetrics(registry),
    connectors: linkMetrics(registry),
    forwarding: forwardMetrics(registry),
    staples: stapleMetrics(registry),
    certificates: certificateMetrics(registry),
    decided: (outcome) => decisions.inc({ outcome }),
    signedIn: (outcome) => signIns.inc({ outcome }),
    providerAdded(provider) {
      for (const reason of providerFailures) failures.inc({ provider, reason }, 0)
    },
    providerFailed: (reason, provider) => failures.inc({ provider, reason }),
    limited: (limit) => limited.inc({ limit }),
    dialled: (outcome, durationMs) => dials.observe({ outcome }, durationMs / 1000),
    countSessions: (count) => void sessionGauge(registry, count),
    peerEnded: (why) => peersEnded.inc({ why }),
    countConnections: (count) => void connectionGauge(registry, count),
    configLoaded: configMetrics(registry),
    countDroppedLines: (count) => void droppedLinesCounter(registry, count),
    auditEntriesLost: (entries) => auditLost.inc(entries),
    contentType: registry.contentType,
    render: () => registry.metrics(),
  }
}

function sessionGauge(registry: Registry, count: () => number | Promise<number>): Gauge {
  return new Gauge({
    name: 'postern_sessions_active',
    help: 'Sessions that have neither expired nor been revoked',
    registers: [registry],
    async collect() {
      this.set(await count())
    },
  })
}

function connectionGauge(registry: Registry, count: () => ConnectionCount): Gauge {
  return new Gauge({
    name: 'postern_connections_active',
    help: 'Connections that are open now, with a tunnel and without',
    labelNames: ['tunnel'],
    registers: [registry],
    collect() {
      const { withTunnel, withoutTunnel } = count()
      this.set({ tunnel: 'yes' }, withTunnel)
      this.set({ tunnel: 'no' }, withoutTunnel)
    },
  })
}

function droppedLinesCounter(registry: Registry, count: () => number): Counter {
  return new Counter({
    name: 'postern_log_lines_dropped_total',
    help: 'Log lines that were dropped because their reader was too slow or gone',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(count())
    },
  })
}

function configMetrics(registry: Registry): Metrics['configLoaded'] {
  const registers = [registry]
  const reloads = new Counter({
    name: 'postern_config_reloads_total',
    help: 'Times the configuration was read, the start included',
    labelNames: ['outcome'],
    registers,
  })
  const lastSuccess = new Gauge({
    name: 'postern_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration in force was read',
    registers,
  })
  for (const outcome of ['ok', 'failed']) reloads.inc({ outcome }, 0)
  return (outcome, nowMs) => {
    reloads.inc({ outcome })
    if (outcome === 'ok') lastSuccess.set(nowMs / 1000)
  }
}
