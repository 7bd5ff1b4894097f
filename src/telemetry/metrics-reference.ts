import type { Registry } from 'prom-client'
import { connectorGuide, gatewayGuide, processMetrics, type MetricGuide } from './metric-guide.ts'

/** A metric as its registry has it. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labelNames: readonly string[]
}

/** The reference of the metrics, `docs/metrics.md`. Throws for one that the guide lacks, and for one that it alone has. */
export function renderMetricsReference(
  gateway: readonly MetricFamily[],
  connector: readonly MetricFamily[],
): string {
  requireAll(gateway, gatewayGuide)
  requireAll(connector, connectorGuide)
  return [
    introduction,
    `## Of a gateway\n\n${tableOf(ownOf(gateway), gatewayGuide)}`,
    `## Of its process\n\n${processText}\n\n${processTable()}`,
    `## Of a connector\n\n${connectorText}\n\n${tableOf(ownOf(connector), connectorGuide)}\n`,
  ].join('\n\n')
}

/** What a registry holds, in its order. */
export function familiesOf(registry: Registry): readonly MetricFamily[] {
  return registry.getMetricsAsArray().map((metric) => {
    const { name, help, type } = metric
    // Its types leave out what each metric has: https://github.com/siimon/prom-client/blob/v15.1.3/lib/metric.js
    const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] }
    return { name, help, type: String(type), labelNames }
  })
}

function ownOf(families: readonly MetricFamily[]): readonly MetricFamily[] {
  return families.filter(({ name }) => name.startsWith('postern_'))
}

function processTable(): string {
  const families = processMetrics.map((metric) => ({ ...metric, labelNames: [] }))
  const guide = Object.fromEntries(processMetrics.map(({ name, worry }) => [name, { worry }]))
  return tableOf(families, guide)
}

function requireAll(families: readonly MetricFamily[], guide: MetricGuide): void {
  const names = new Set(families.map(({ name }) => name))
  const stale = Object.keys(guide).filter((name) => !names.has(name))
  if (stale.length > 0) throw new Error(`no metric is called ${stale.join(', ')}`)
}

function tableOf(families: readonly MetricFamily[], guide: MetricGuide): string {
  const head = ['metric', 'type', 'labels', 'unit', 'what it tells', 'look when']
  const rows = families.map((family) => {
    const { name, type, help, labelNames } = family
    const note = guide[name]
    if (note === undefined) throw new Error(`metric-guide.ts says nothing of ${name}`)
    const labels = labelNames.map((label) => {
      const meaning = note.labels?.[label]
      return meaning === undefined ? `\`${label}\`` : `\`${label}\`: ${meaning}`
    })
    const unit = note.unit ?? unitOf(family)
    return [`\`${name}\``, type, labels.join('; ') || '–', unit, help, note.worry]
  })
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** As https://prometheus.io/docs/practices/naming/ has units in names. */
function unitOf({ name }: MetricFamily): string {
  if (name.endsWith('_timestamp_seconds')) return 'seconds since 1970'
  if (/_seconds(_total)?$/.test(name)) return 'seconds'
  return /_bytes(_total)?$/.test(name) ? 'bytes' : 'count'
}

const introduction = `# Metrics

This file is made from the code: \`npm run docs\`.

\`metrics_address: 127.0.0.1:9902\` in the configuration of a gateway, and \`--metrics 127.0.0.1:20241\` of a connector, serve \`/metrics\` in
the text format of Prometheus, in plain HTTP and without a sign-in: bind it to where only Prometheus comes.
[deploy/prometheus/alerts.yaml](../deploy/prometheus/alerts.yaml) has alerts that ask these questions, with tests of
their own, and [deploy/grafana/postern.json](../deploy/grafana/postern.json) a dashboard.

A counter only grows, until the process starts anew: ask for its \`rate()\` or \`increase()\`. A histogram has \`_bucket\`,
\`_sum\` and \`_count\`. Labels are words of the program and names of the configuration, never what a client sent. What counts
bytes includes tunnels that are open, as of the moment that it is asked for.`

const processText = `Of the metrics that every process on Node.js has, \`process_…\` and \`nodejs_…\`, these are the ones to watch.`

const connectorText = `Beside the same metrics of its process.`
