import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTurns } from './in-turns.ts'

/** Goes through three items of which each takes that long, and answers what happened in which order. */
async function order(eachMs: number, nowMs = { now: 0 }): Promise<readonly string[]> {
  const happened: string[] = []
  for await (const item of inTurns(['a', 'b', 'c'])) {
    setImmediate(() => happened.push('others'))
    happened.push(item)
    nowMs.now += eachMs
  }
  return happened
}

test('others get their turn when a list has been worked on for more than four milliseconds', async (t) => {
  const time = { now: 0 }
  t.mock.method(performance, 'now', () => time.now)
  assert.deepEqual(await order(4.1, time), ['a', 'others', 'b', 'others', 'c'])
  assert.deepEqual(await order(4, time), ['a', 'b', 'others', 'others', 'c'])
  assert.deepEqual(await order(2, time), ['a', 'b', 'c'])
  assert.deepEqual(await order(2.1, time), ['a', 'b', 'others', 'others', 'c'])
})

test('it stops by the reason of a signal, once others have had their turn', async (t) => {
  const time = { now: 0 }
  t.mock.method(performance, 'now', () => time.now)
  const ending = new AbortController()
  const seen: string[] = []
  const going = async (): Promise<void> => {
    for await (const item of inTurns(['a', 'b'], ending.signal)) {
      seen.push(item)
      ending.abort(new Error('enough'))
      time.now += 5
    }
  }
  await assert.rejects(going(), { message: 'enough' })
  assert.deepEqual(seen, ['a'])
})
