import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from './judge.ts'
import type { TestResult } from './junit.ts'

const file = 'src/a.test.ts'
const good: TestResult = { name: 'is good', outcome: 'passed' }
const bad: TestResult = { name: 'is bad', outcome: 'failed' }
const left = { name: 'is left out', outcome: 'skipped' } as const

test('what fails is a fault, and what is left out is named', () => {
  assert.deepEqual(judge(file, { results: [good, bad, left], exitCode: 1 }), {
    passed: 1,
    skipped: [`${file}: is left out`],
    faults: [`${file}: is bad`],
  })
  assert.deepEqual(judge(file, { results: [good], exitCode: 0 }).faults, [])
})

test('a process that left nothing, or ended with an error of no test, is a fault', () => {
  assert.equal(judge(file, { results: undefined, exitCode: null }).faults.length, 1)
  assert.equal(judge(file, { results: [], exitCode: 0 }).faults.length, 1)
  assert.equal(judge(file, { results: [good], exitCode: 1 }).faults.length, 1)
})
