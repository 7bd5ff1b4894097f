import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'

import type { Plant } from './plant.ts'
import { supervise } from './supervise.ts'
import type { Outcome } from './worker.ts'

const misbehaving = join(import.meta.dirname, 'misbehaving.fixture.ts')

interface RunOptions {
  readonly hangMs?: number
  readonly maxInputs?: number
  readonly planted?: Plant
  readonly file?: string
}

describe('a worker', () => {
  test('names the input that it hangs with', async (t) => {
    const { found } = await run(t, ['fine', 'it hangs'], { hangMs: 2_000 })
    assert.equal(found?.fault.key, 'hang')
    assert.equal(String(found?.input), 'it hangs')
  })

  test('names the input that takes all the memory', async (t) => {
    const { found } = await run(t, ['fine', 'fill it'])
    assert.equal(found?.fault.key, 'memory')
    assert.equal(String(found?.input), 'fill it')
  })

  test('names an input that takes too long, by the time of the processor', async (t) => {
    const { found } = await run(t, ['slow'])
    assert.equal(found?.fault.key, 'slow')
    assert.match(found?.fault.message ?? '', /^takes \d+ ms for 4 bytes/)
  })

  test('tells an error that comes after the answer', async (t) => {
    const { found } = await run(t, ['later', 'fine'], { maxInputs: 100_000 })
    assert.equal(found?.fault.key, 'stray')
    assert.match(found?.fault.message ?? '', /RangeError: later/)
  })

  test('finds what inputs leave behind', async (t) => {
    const { found } = await run(t, ['leak'], { maxInputs: 100_000 })
    assert.match(found?.fault.message ?? '', /^inputs leave \d+ MiB behind$/)
  })

  test('makes a finding as small as it can be', async (t) => {
    const { found } = await run(t, ['fine', 'xx throw yy'])
    // What the corpus shows is told as it stands there.
    assert.equal(String(found?.input), 'xx throw yy')
    const made = await run(t, ['xx thrxow yy'], { maxInputs: 500_000 })
    assert.equal(String(made.found?.input), 'throw')
    assert.match(made.found?.fault.stack ?? '', /misbehaving\.fixture\.ts/)
  })

  test('begins alike with the same seed', async (t) => {
    const runs = [
      await run(t, ['thrxow'], { maxInputs: 500_000 }),
      await run(t, ['thrxow'], { maxInputs: 500_000 }),
    ]
    assert.equal(runs[0]?.inputs, runs[1]?.inputs)
  })

  test('refuses an empty corpus, and a missing one', async (t) => {
    await assert.rejects(run(t, []), /the corpus of "misbehaving" is empty/)
    await assert.rejects(run(t, undefined), /the corpus of "misbehaving" is empty/)
  })
})

describe('a plant', () => {
  test('is refused when its text has gone', async (t) => {
    const planted = { target: 'misbehaving', file: 'address.ts', text: 'no such text', bug: '' }
    const address = join(import.meta.dirname, '..', 'targets', 'authority.ts')
    await assert.rejects(
      run(t, ['x'], { planted, file: address }),
      /cannot plant a bug: "address.ts" has "no such text" 0 times, not once/,
    )
  })
})

function run(
  t: TestContext,
  corpus: readonly string[] | undefined,
  { hangMs = 60_000, maxInputs = 0, planted, file = misbehaving }: RunOptions = {},
): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-fuzz-'))
  t.after(() => rmSync(directory, { recursive: true }))
  if (corpus !== undefined) {
    const lines = corpus.map((text) => `${JSON.stringify(text)}\n`).join('')
    writeFileSync(join(directory, 'misbehaving.jsonl'), lines)
  }
  const job = {
    name: 'misbehaving',
    file,
    corpus: directory,
    seed: 1,
    maxInputs,
    maxMs: 120_000,
    merges: false,
    plant: planted,
    replay: undefined,
  }
  return supervise(job, { hangMs, maxHeapMiB: 64 }, () => {})
}
