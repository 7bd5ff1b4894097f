import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, judgeTogether } from './judge.ts'
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

test('of files that ran together each is judged by its own tests', () => {
  const results = new Map([
    [file, [good]],
    ['src/b.test.ts', [bad]],
  ])
  const files = [file, 'src/b.test.ts', 'src/c.test.ts']
  const [first, second, third] = judgeTogether(files, { results, exitCode: 1 })
  assert.deepEqual(first, { passed: 1, skipped: [], faults: [] })
  assert.deepEqual(second?.faults, ['src/b.test.ts: is bad'])
  assert.deepEqual(third?.faults, ['src/c.test.ts: left no results'])
})

test('an end that no test explains is a fault of all that ran together', () => {
  const results = new Map([
    [file, [good]],
    ['src/b.test.ts', [good]],
  ])
  const verdicts = judgeTogether([file, 'src/b.test.ts'], { results, exitCode: 1 })
  assert.deepEqual(
    verdicts.map(({ faults }) => faults.length),
    [1, 1],
  )
})
