import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { countFailures } from './count-failures.ts'

function setUp() {
  const clock = createFakeClock(0)
  const said: string[] = []
  const log = {
    error: (message: string) => void said.push(message),
    warn: (message: string) => void said.push(`warning: ${message}`),
  }
  const failures = countFailures(log, clock)
  const fail = (times: number, code: string): void => {
    for (let count = 0; count < times; count += 1) failures.error(`${code} ${count}`, { code })
  }
  return { clock, said, failures, fail }
}

test('thousands of failures are a few lines and one that counts the rest', () => {
  const { clock, said, fail } = setUp()
  fail(26_000, 'gateway-unreachable')
  assert.equal(said.length, 5)
  clock.advance(60_000)
  assert.deepEqual(said.slice(5), ['25995 more connections failed: gateway-unreachable 25999'])
  fail(1, 'gateway-unreachable')
  assert.equal(said.at(-1), 'gateway-unreachable 0')
})

test('another kind of failure is said at once, and few of one are not counted', () => {
  const { clock, said, fail } = setUp()
  fail(100, 'gateway-unreachable')
  fail(2, 'policy-denied')
  assert.equal(said.length, 7)
  clock.advance(60_000)
  assert.equal(said.length, 8)
  assert.equal(clock.pending, 0)
})

test('warnings are counted too: whoever is refused may come back thousands of times', () => {
  const { said, failures } = setUp()
  for (let port = 0; port < 1_000; port += 1)
    failures.warn(`refused ${port}`, { code: 'other-user' })
  assert.equal(said.length, 5)
  failures.flush()
  assert.equal(said.at(-1), 'warning: 995 more connections failed: refused 999')
})

test('what was counted is said before the end', () => {
  const { clock, said, failures, fail } = setUp()
  fail(7, 'policy-denied')
  failures.flush()
  assert.match(said.at(-1) ?? '', /^2 more connections failed: policy-denied/)
  assert.equal(clock.pending, 0)
})
