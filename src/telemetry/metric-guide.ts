/** What docs/metrics.md says of a metric beside its own words. */
export interface MetricNote {
  /** When somebody has to look. */
  readonly worry: string
  /** What its name does not say. */
  readonly unit?: string
  /** What a label is, where it does not say that itself. */
  readonly labels?: Readonly<Record<string, string>>
}

export type MetricGuide = Readonly<Record<string, MetricNote>>

const success = '`ok` or `failed`'
const direction = { direction: '`up` from the client, `down` to it' }
const routine = 'never by itself'
const tunnelName = { tunnel: 'name of the named tunnel; `other` beyond 1,000' }
const destination = { destination: 'its name in `audit_forward`' }

/** Every metric of a gateway, by its name. */
export const gatewayGuide: MetricGuide = {
  postern_build_info: { unit: 'always 1', worry: 'gateways of one cluster differ for long' },
  postern_tunnels_active: {
    labels: { route: "the route's name" },
    worry: 'it drops to 0 while people work',
  },
  postern_tunnels_total: {
    labels: { outcome: '[why](logs.md#why-a-tunnel-ended)' },
    worry: '`upstream-reset`, `stall-timeout` or `undecided` grow much faster than before',
  },
  postern_tunnels_told_total: {
    labels: { protocol: "what the route's `tell` says" },
    worry: routine,
  },
  postern_tunnel_duration_seconds: { worry: 'most tunnels of people last less than a second' },
  postern_tunnel_bytes_total: {
    labels: direction,
    worry: 'much more goes `down` than ever: somebody copies a database',
  },
  postern_decisions_total: {
    labels: { outcome: '`allow`, `deny`, `sign-in` or `client-certificate`' },
    worry: '`deny` jumps after a change of the policy',
  },
  postern_sessions_active: { worry: 'it falls at once: sessions were ended, or cannot be read' },
  postern_sign_ins_total: { labels: { outcome: success }, worry: 'more fail than succeed' },
  postern_identity_provider_failures_total: {
    labels: { provider: 'its id, as in the log', reason: 'what was wrong with it' },
    worry: 'it grows for 10 minutes: nobody can sign in there',
  },
  postern_limited_requests_total: {
    labels: { limit: 'which limit' },
    worry: 'it grows: somebody guesses codes, or a program signs in again and again',
  },
  postern_upstream_dial_seconds: {
    labels: { outcome: success },
    worry: 'more than a quarter are `failed`, or the usual time is tenfold',
  },
  postern_connections_active: {
    labels: { tunnel: '`yes` or `no`' },
    worry: '`no` stays far above `yes`: connections are opened and not used',
  },
  postern_connections_closed_total: {
    labels: { why: 'as the log line `connection without a tunnel closed` says' },
    worry: 'anything but `stalled` and `timeout` grows: something runs short',
  },
  postern_config_reloads_total: {
    labels: { outcome: success },
    worry: '`failed` grows: the configuration before goes on',
  },
  postern_config_last_reload_success_timestamp_seconds: {
    worry: 'it is before the last change of the file',
  },
  postern_log_lines_dropped_total: { worry: 'it grows: whoever reads the log is too slow or gone' },
  postern_audit_entries_lost_total: { worry: 'it grows: see to the disk at once' },
  postern_audit_forwarded_records_total: { labels: destination, worry: 'it stands still' },
  postern_audit_forward_failures_total: { labels: destination, worry: 'it grows for 10 minutes' },
  postern_audit_forward_dropped_total: {
    labels: destination,
    worry: 'it grows: they are lost there',
  },
  postern_audit_forward_up: { labels: destination, unit: '0 or 1', worry: '0 for 10 minutes' },
  postern_audit_forward_lag_records: { labels: destination, worry: 'it only grows' },
  postern_audit_forward_lag_seconds: { labels: destination, worry: 'more than 600' },
  postern_certificate_fetches_total: { labels: { outcome: success }, worry: '`failed` grows' },
  postern_certificate_expiry_timestamp_seconds: {
    labels: { name: 'the name it is for' },
    worry: 'it is nearer than a week, or 0',
  },
  postern_certificate_late: {
    labels: { name: 'the name it is for' },
    unit: '0 or 1',
    worry: 'it is 1',
  },
  postern_ocsp_fetches_total: { labels: { outcome: success }, worry: '`failed` grows' },
  postern_ocsp_answer_expiry_timestamp_seconds: {
    labels: { name: 'the name that the certificate is for' },
    worry: 'it is nearer than an hour, or 0',
  },
  postern_ocsp_answer_late: {
    labels: { name: 'the name that the certificate is for' },
    unit: '0 or 1',
    worry: 'it is 1',
  },
  postern_certificate_revoked: {
    labels: { name: 'the name that the certificate is for' },
    unit: '0 or 1',
    worry: 'it is 1: clients refuse it',
  },
  postern_connector_links_active: {
    labels: tunnelName,
    worry: 'it falls to 0 where it was more: nobody reaches what is behind it',
  },
  postern_connector_streams_active: { labels: tunnelName, worry: routine },
  postern_connector_opens_total: {
    labels: { ...tunnelName, outcome: success },
    worry: '`failed` grows: the connector is there, its service is not',
  },
  postern_connector_bytes_total: { labels: { ...tunnelName, ...direction }, worry: routine },
  postern_connector_refusals_total: {
    labels: { why: 'code of the refusal' },
    worry: 'it grows: a connector has a token that is worth nothing',
  },
}

/** The same of a connector. */
export const connectorGuide: MetricGuide = {
  postern_build_info: { unit: 'always 1', worry: routine },
  postern_connector_connections: { worry: 'it is less than 4 for minutes, or 0' },
  postern_connector_registrations_total: { labels: { outcome: success }, worry: '`failed` grows' },
  postern_connector_streams_active: { worry: routine },
  postern_connector_streams_total: {
    labels: { outcome: 'why it ended or was refused' },
    worry: 'refusals grow: gateway and rules do not agree',
  },
  postern_connector_stream_bytes_total: {
    labels: { direction: '`up` to the service, `down` from it' },
    worry: routine,
  },
  postern_connector_dial_seconds: {
    labels: { outcome: success },
    worry: '`failed` grows: the service is not there',
  },
}

/** Of what any process on Node.js has the ones to watch. Those of descriptors are there on Linux alone. */
export const processMetrics: readonly {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly worry: string
}[] = [
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Memory that the process has',
    worry: 'it grows for days and never falls',
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'Processor time that it has used',
    worry: 'it grows by more than 0.8 a second for long',
  },
  {
    name: 'nodejs_eventloop_lag_p99_seconds',
    type: 'gauge',
    help: 'How long what was due had to wait for its turn, all but the worst hundredth',
    worry: 'more than 0.25: tunnels stall',
  },
  {
    name: 'process_open_fds',
    type: 'gauge',
    help: 'Open files and connections (Linux)',
    worry: 'more than 80 % of `process_max_fds`',
  },
  {
    name: 'process_max_fds',
    type: 'gauge',
    help: 'How many of them it may have (Linux)',
    worry: 'it is below 65,536 where there are many tunnels',
  },
]
