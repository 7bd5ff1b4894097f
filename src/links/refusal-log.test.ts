import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger, type LogFields } from '../log.ts'
import { createRefusalLog } from './refusal-log.ts'

test('a connector that asks for ever leaves one line for each cause in turn, with the next step', () => {
  const { log, lines } = openRig()
  for (let times = 0; times < 5; times += 1)
    log.refused(connector(), 'wrong-secret', 'take another')
  log.refused(connector({ connIndex: 3 }), 'wrong-secret', 'take another')
  log.refused(connector(), 'tunnel-deleted', 'stop it')
  log.refused(connector(), 'wrong-secret', 'take another')
  assert.deepEqual(
    lines.map(({ why, hint }) => [why, hint]),
    [
      ['wrong-secret', 'take another'],
      ['tunnel-deleted', 'stop it'],
      ['wrong-secret', 'take another'],
    ],
  )
})

test('what is refused after it was registered is news again', () => {
  const { log, lines } = openRig()
  log.refused(connector(), 'wrong-secret', '')
  log.admitted(connector())
  log.refused(connector(), 'wrong-secret', '')
  assert.equal(lines.length, 2)
})

test('connectors that differ in their id or tunnel are told apart', () => {
  const { log, lines } = openRig()
  for (const more of [{}, { connectorId: 'other' }, { tunnelId: 'other' }])
    log.refused(connector(more), 'wrong-secret', '')
  assert.equal(lines.length, 3)
})

test('whoever makes up ids fills neither log nor memory: 20 lines a minute, and one that counts the others', () => {
  const { log, lines, clock } = openRig()
  for (let index = 0; index < 5_000; index += 1)
    log.refused(connector({ connectorId: `c${index}`.padEnd(100_000, 'x') }), 'wrong-secret', '')
  assert.equal(lines.length, 20)
  assert.equal(String(lines[0]?.['connector-id']).length, 64)
  clock.advance(60_000)
  assert.deepEqual(lines.at(-1), { message: 'more connectors refused', connectors: 4_980 })
  // The oldest are forgotten, and would be said again.
  log.refused(connector({ connectorId: 'c0'.padEnd(64, 'x') }), 'wrong-secret', '')
  log.refused(connector({ connectorId: 'c4999'.padEnd(64, 'x') }), 'wrong-secret', '')
  assert.deepEqual(
    lines.slice(21).map((line) => String(line['connector-id']).slice(0, 3)),
    ['c0x'],
  )
})

function openRig() {
  const clock = createFakeClock()
  const lines: LogFields[] = []
  const warn = (message: string, fields: LogFields = {}) => void lines.push({ message, ...fields })
  return { clock, lines, log: createRefusalLog(clock, { ...silentLogger, warn }) }
}

const connector = (more = {}) => ({
  tunnelId: 't',
  connectorId: 'c',
  connIndex: 0,
  version: '1.0.0',
  ip: '192.0.2.1',
  ...more,
})
