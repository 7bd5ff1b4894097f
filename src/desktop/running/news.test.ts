import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import type { DaemonEvent, DaemonView } from '../wire/view.ts'
import { createNews } from './news.ts'

test('of more lines than one event has the last are told', () => {
  const clock = createFakeClock()
  const news = createNews({
    clock,
    view: () => ({}) as DaemonView,
    viewOf: () => undefined,
    onListeners: () => undefined,
  })
  const told: DaemonEvent[] = []
  using _ = news.follow((event) => void told.push(event))
  for (let number = 1; number <= 501; number += 1)
    news.entry({ number, connection: 'c', at: '', level: 'info', message: 'x' })
  clock.advance(1_000)
  const numbers = told.flatMap((event) => (event.kind === 'log' ? event.entries : []))
  assert.deepEqual([numbers.length, numbers[0]?.number, numbers.at(-1)?.number], [500, 2, 501])
})
