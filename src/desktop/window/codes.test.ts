import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeLifeMs, createCodes } from './codes.ts'

test('a code lets one in, for a minute, and says who had it', () => {
  let nowMs = 0
  const codes = createCodes(() => nowMs)
  const code = codes.make()
  assert.match(code, /^[\w-]{43}$/)
  nowMs = codeLifeMs - 1
  assert.deepEqual(codes.take(code, 'one'), { kind: 'taken' })
  assert.deepEqual(codes.take(code, 'one'), { kind: 'taken-again' })
  assert.deepEqual(codes.take(code, 'two'), { kind: 'used-by-another', id: 'one' })
  nowMs = codeLifeMs
  assert.deepEqual(codes.take(code, 'one'), { kind: 'unknown' })
})

test('after a few wrong ones none is open, and the next one is', () => {
  const codes = createCodes(() => 0)
  const [used, open] = [codes.make(), codes.make()]
  codes.take(used, 'one')
  for (let count = 0; count < 5; count += 1)
    assert.deepEqual(codes.take(`${count}`, 'two'), { kind: 'unknown' })
  assert.deepEqual(codes.take(open, 'two'), { kind: 'unknown' })
  // Whoever stole it is still found.
  assert.deepEqual(codes.take(used, 'two'), { kind: 'used-by-another', id: 'one' })
  assert.deepEqual(codes.take(codes.make(), 'two'), { kind: 'taken' })
})

test('of many the newest are open', () => {
  const codes = createCodes(() => 0)
  const all = Array.from({ length: 9 }, () => codes.make())
  assert.deepEqual(codes.take(all[0] ?? '', 'one'), { kind: 'unknown' })
  assert.deepEqual(codes.take(all[1] ?? '', 'one'), { kind: 'taken' })
})
