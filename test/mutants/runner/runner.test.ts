import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runMutants } from '../run-mutants.ts'

/** What came of each mutant of a source: the place, what it became, and the outcome. */
async function outcomesOf(t: TestContext, source: string, tests: string): Promise<string[]> {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-mutants-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true, maxRetries: 5 }))
  writeFileSync(join(cwd, 'package.json'), '{"type":"module"}')
  writeFileSync(join(cwd, 'x.ts'), source)
  const head = "import assert from 'node:assert/strict'\nimport { test } from 'node:test'\n"
  writeFileSync(join(cwd, 'x.test.ts'), head + tests)
  const { signal } = new AbortController()
  const options = { source: 'x.ts', tests: ['x.test.ts'], jobs: 1, signal, cwd }
  const { mutants, leftOut } = await runMutants(options)
  assert.equal(leftOut.size, 0)
  return mutants.map(({ line, from, to, outcome }) => `${line}: ${from} → ${to}: ${outcome}`)
}

test('a mutant is killed by a test, survives, is come to by none, or counts while modules load', async (t) => {
  const source = `export const names = ['alice']
export function isBig(size: number): boolean {
  return size > 3
}
export function unused(): string {
  return 'a'
}
`
  const outcomes = await outcomesOf(
    t,
    source,
    `import { isBig, names } from './x.ts'
test('is big', () => assert.equal(isBig(9), true))
test('names', () => assert.equal(names[0], 'alice'))
`,
  )
  assert.deepEqual(outcomes.toSorted(), [
    `1: 'alice' → "": killed`,
    `1: ['alice'] → []: killed`,
    `2: { return size > 3 } → {}: killed`,
    '3: size > 3 → false: killed',
    '3: size > 3 → size <= 3: killed',
    '3: size > 3 → size >= 3: survived',
    '3: size > 3 → true: survived',
    `5: { return 'a' } → {}: not-covered`,
    `6: 'a' → "": not-covered`,
  ])
})

test('a mutant that never ends is noticed, whether it waits or loops', async (t) => {
  const source = `export function told(): Promise<void> {
  return new Promise((resolve) => {
    resolve()
  })
}
export function countTo(end: number): number {
  let at = 0
  while (at < end) at += 1
  return at
}
`
  const outcomes = await outcomesOf(
    t,
    source,
    `import { countTo, told } from './x.ts'
test('is told', () => told())
test('counts', () => assert.equal(countTo(3), 3))
`,
  )
  assert.ok(outcomes.includes('2: { resolve() } → {}: killed'), outcomes.join('\n'))
  assert.ok(outcomes.includes('8: at += 1 → at -= 1: timed-out'), outcomes.join('\n'))
})

test('what an earlier mutant has left behind is not counted for a later one', async (t) => {
  const source = `const seen: string[] = []
export function remember(name: string): number {
  if (name !== '') seen.push(name)
  return seen.length
}
export function isA(name: string): boolean {
  return name >= 'a'
}
`
  // The test that passes once only where nothing was remembered: as a mutant of a cache would have it.
  const outcomes = await outcomesOf(
    t,
    source,
    `import { isA, remember } from './x.ts'
test('remembers nothing', () => assert.equal(remember(''), 0))
test('is a', () => assert.ok(isA('a') && remember('') === 0))
`,
  )
  assert.ok(outcomes.includes(`3: name !== '' → true: killed`), outcomes.join('\n'))
  assert.ok(outcomes.includes(`7: name >= 'a' → true: survived`), outcomes.join('\n'))
})

test('tests that fail without a mutant judge nothing', async (t) => {
  const source = 'export const isOn = true\n'
  const failing = "test('fails', () => assert.fail('as it is'))\n"
  await assert.rejects(outcomesOf(t, source, failing), /fails without a mutant: x\.test\.ts: fails/)
})
