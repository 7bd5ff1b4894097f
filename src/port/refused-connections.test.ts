import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger, type LogFields } from '../log.ts'
import { createRefusedConnections } from './refused-connections.ts'

test('a scan is ten lines in a minute, and one with the number of all the others', () => {
  const lines: [string, LogFields | undefined][] = []
  const clock = createFakeClock()
  const logger = { ...silentLogger, warn: (...line: (typeof lines)[number]) => lines.push(line) }
  const refused = createRefusedConnections(logger, clock)
  for (let index = 0; index < 1000; index += 1) refused.report('no header', '192.0.2.7')
  assert.equal(lines.length, 10)
  assert.deepEqual(lines[0], ['connection refused', { ip: '192.0.2.7', why: 'no header' }])
  clock.advance(60_000)
  assert.deepEqual(lines.slice(10), [['more connections refused', { connections: 990 }]])
  refused.report('no header', '192.0.2.8')
  assert.deepEqual(lines.at(-1), ['connection refused', { ip: '192.0.2.8', why: 'no header' }])
  clock.advance(60_000)
  assert.equal(lines.length, 12)
  assert.equal(clock.pending, 0)
})
