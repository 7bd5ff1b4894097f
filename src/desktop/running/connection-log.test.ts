import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConnectionLog } from './connection-log.ts'

test('keeps the last lines of a connection, and of all together', () => {
  const log = createConnectionLog(() => 0)
  const say = (connection: string, lines: number): void => {
    for (let line = 0; line < lines; line += 1) log.add({ connection, level: 'info', message: 'x' })
  }
  say('a', 501)
  const kept = log.of('a')
  assert.deepEqual([kept.length, kept[0]?.number, kept.at(-1)?.number], [500, 2, 501])
  for (let one = 0; one < 50; one += 1) say(`c${one}`, 500)
  assert.equal(log.all().length, 20_000)
  assert.equal(log.of('c49').length > 0, true)
  log.forget('c49')
  assert.deepEqual(log.of('c49'), [])
  const left = log.all().length
  say('d', 100)
  assert.equal(log.all().length, left + 100, 'there is room for what was forgotten')
})
