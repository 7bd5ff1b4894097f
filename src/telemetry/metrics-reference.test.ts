import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { createMetrics } from './metrics.ts'
import { connectorGuide, gatewayGuide, processMetrics, type MetricGuide } from './metric-guide.ts'
import { familiesOf, renderMetricsReference, type MetricFamily } from './metrics-reference.ts'

const bytes: MetricFamily = {
  name: 'postern_tunnel_bytes_total',
  help: 'Bytes that moved',
  type: 'counter',
  labelNames: ['direction'],
}

function allOf(guide: MetricGuide): readonly MetricFamily[] {
  return Object.keys(guide).map((name) => ({
    name,
    help: 'What it is',
    type: 'gauge',
    labelNames: [],
  }))
}

function without(families: readonly MetricFamily[], name: string): readonly MetricFamily[] {
  return families.filter((family) => family.name !== name)
}

const [gateway, connector] = [allOf(gatewayGuide), allOf(connectorGuide)]

test('a metric has its type, labels, unit, words, and when to look', () => {
  const page = renderMetricsReference([...without(gateway, bytes.name), bytes], connector)
  assert.match(
    page,
    /^\| `postern_tunnel_bytes_total` \| counter \| `direction`: `up` .*\| bytes \| Bytes that moved \| much more /m,
  )
})

test('metrics of Node.js that nobody has to watch are left out', () => {
  const more = { name: 'nodejs_version_info', help: 'v', type: 'gauge', labelNames: [] }
  const page = renderMetricsReference([...gateway, more], connector)
  assert.doesNotMatch(page, /nodejs_version_info/)
  assert.match(page, /`process_open_fds`/)
})

test('a metric without a word of when to look, and words for none, are an error', () => {
  const unknown = { ...bytes, name: 'postern_new_total' }
  assert.throws(() => renderMetricsReference([...gateway, unknown], connector), /postern_new_total/)
  assert.throws(
    () => renderMetricsReference(without(gateway, bytes.name), connector),
    /tunnel_bytes/,
  )
  const name = 'postern_connector_connections'
  assert.throws(() => renderMetricsReference(gateway, without(connector, name)), new RegExp(name))
})

test(
  'what is said of a process is there, of that type',
  { skip: process.platform !== 'linux' },
  () => {
    const registry = new Registry()
    createMetrics(registry)
    const types = new Map(familiesOf(registry).map(({ name, type }) => [name, type]))
    for (const { name, type } of processMetrics) assert.equal(types.get(name), type, name)
  },
)
