import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createFakeClock } from '../fake-clock.ts'
import { secondTryAfterMs, withSecondTry } from './second-try.ts'

interface Attempt {
  readonly signal: AbortSignal
  succeed(value: string): void
  fail(error: Error): void
}

function begin(signal?: AbortSignal) {
  const clock = createFakeClock()
  const attempts: Attempt[] = []
  const discarded: string[] = []
  const result = withSecondTry<string>({
    begin(signal) {
      const { promise, resolve: succeed, reject: fail } = Promise.withResolvers<string>()
      attempts.push({ signal, succeed, fail })
      signal.addEventListener('abort', () => fail(signal.reason as Error))
      return promise
    },
    discard: (value) => discarded.push(value),
    clock,
    signal,
  })
  result.catch(() => undefined)
  return { clock, attempts, discarded, result }
}

test('one attempt that succeeds in time is the only one', async () => {
  const { clock, attempts, result } = begin()
  attempts[0]?.succeed('first')
  assert.equal(await result, 'first')
  assert.equal(clock.pending, 0)
  assert.equal(attempts[0]?.signal.aborted, false, 'what stands is left alone')
})

test('one that hangs gets a second beside it, whose success ends the first', async () => {
  const { clock, attempts, result } = begin()
  clock.advance(secondTryAfterMs - 1)
  assert.equal(attempts.length, 1)
  clock.advance(1)
  assert.equal(attempts.length, 2)
  assert.equal(attempts[0]?.signal.aborted, false)
  attempts[1]?.succeed('second')
  assert.equal(await result, 'second')
  assert.equal(attempts[0]?.signal.aborted, true)
  assert.equal(attempts[1]?.signal.aborted, false)
})

test('two that succeed together leave one', async () => {
  const { clock, attempts, discarded, result } = begin()
  clock.advance(secondTryAfterMs)
  attempts[1]?.succeed('second')
  attempts[0]?.succeed('first')
  assert.equal(await result, 'second')
  await nextTurn()
  assert.deepEqual(discarded, ['first'])
})

test('a failure before the second try is the answer at once', async () => {
  const { clock, attempts, result } = begin()
  attempts[0]?.fail(new Error('refused'))
  await assert.rejects(result, /refused/)
  assert.equal(clock.pending, 0)
})

test('a failure beside a second try leaves the answer to that one', async () => {
  const { clock, attempts, result } = begin()
  clock.advance(secondTryAfterMs)
  attempts[0]?.fail(new Error('timed out'))
  await nextTurn()
  attempts[1]?.succeed('second')
  assert.equal(await result, 'second')
})

test('who gives up ends both', async () => {
  const gone = new AbortController()
  const { clock, attempts, result } = begin(gone.signal)
  clock.advance(secondTryAfterMs)
  gone.abort(new Error('gone'))
  await assert.rejects(result, /gone/)
  assert.ok(attempts.every(({ signal }) => signal.aborted))
})
