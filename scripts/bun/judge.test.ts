import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from './judge.ts'
import type { TestResult } from './junit.ts'

const file = 'src/a.test.ts'
const good: TestResult = { name: 'is good', outcome: 'passed' }
const bad: TestResult = { name: 'is bad', outcome: 'failed' }
const left = { name: 'is left out', outcome: 'skipped' } as const

test('what fails is a fault, unless it is known to be about Node.js', () => {
  const run = { results: [good, bad, left], exitCode: 1 }
  const counts = { passed: 1, skipped: 1 }
  assert.deepEqual(judge(file, run), { ...counts, expected: 0, faults: [`${file}: is bad`] })
  const known = judge(file, run, { 'is bad': 'asks V8' })
  assert.deepEqual(known, { ...counts, expected: 1, faults: [] })
})

test('an entry of the list that passes, or that is no test any more, is a fault', () => {
  const run = { results: [good], exitCode: 0 }
  for (const name of ['is good', 'is gone', '*']) {
    const { faults } = judge(file, run, { [name]: 'asks V8' })
    assert.equal(faults.length, 1)
    assert.ok(faults.join().includes(`"${name}"`))
  }
})

test('a process that left nothing, or ended with an error of no test, is a fault', () => {
  assert.equal(judge(file, { results: undefined, exitCode: null }).faults.length, 1)
  assert.equal(judge(file, { results: [], exitCode: 0 }).faults.length, 1)
  assert.equal(judge(file, { results: [good], exitCode: 1 }).faults.length, 1)
  const known = judge(file, { results: undefined, exitCode: 1 }, { '*': 'has flags of V8' })
  assert.deepEqual(known.faults, [])
})
