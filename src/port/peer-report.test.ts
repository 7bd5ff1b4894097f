import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { collectLines } from '../gateway/gateway.fixture.ts'
import { createPeerReport } from './peer-report.ts'

function setup() {
  const { sink, lines } = collectLines()
  const clock = createFakeClock()
  const metrics = createMetrics()
  const logger = createLog({ sink, level: 'info' }).service('gateway')
  return { lines, clock, metrics, report: createPeerReport({ logger, clock, metrics }) }
}

test('the first of each kind in a minute is logged, and the number of the others at its end', () => {
  const { lines, clock, report } = setup()
  for (let come = 0; come < 5; come += 1) report('address-limit', '203.0.113.7')
  report('memory', '203.0.113.8')
  const seen = () => lines.splice(0).map(({ level, end, ip, more }) => [level, end, ip ?? more])
  assert.deepEqual(seen(), [
    ['warn', 'address-limit', '203.0.113.7'],
    ['warn', 'memory', '203.0.113.8'],
  ])
  clock.advance(60_000)
  assert.deepEqual(seen(), [['warn', 'address-limit', 4]])
  report('address-limit', '203.0.113.9')
  assert.deepEqual(seen(), [['warn', 'address-limit', '203.0.113.9']])
})

test('somebody who merely stalls is no warning', () => {
  const { lines, report } = setup()
  report('stalled', '203.0.113.7')
  assert.equal(lines[0]?.['level'], 'info')
})

test('near the limit of open files the line says what to raise', () => {
  const { lines, report } = setup()
  report('descriptors', '')
  assert.match(String(lines[0]?.['hint']), /LimitNOFILE/)
  assert.ok(!('ip' in (lines[0] ?? {})))
})

test('every one of them is counted', async () => {
  const { metrics, report } = setup()
  for (let come = 0; come < 3; come += 1) report('flood', '203.0.113.7')
  metrics.countConnections(() => ({ withTunnel: 5, withoutTunnel: 7 }))
  const text = await metrics.render()
  assert.match(text, /^postern_connections_closed_total\{why="flood"\} 3$/m)
  assert.match(text, /^postern_connections_active\{tunnel="yes"\} 5$/m)
  assert.match(text, /^postern_connections_active\{tunnel="no"\} 7$/m)
})
