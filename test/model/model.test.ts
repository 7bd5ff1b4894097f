// Access ends when it should: random sequences against a slow reference, and bugs that they must find.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runProgram } from '../../src/program.fixture.ts'
import { cutting, harmless, passing } from './changes.ts'
import { checkSequences } from './check-sequences.ts'
import { plantedBugs } from './planted.ts'
import { describeTally } from './tally.ts'

const seed = 7
const sequences = 40
const folder = import.meta.dirname

describe('the model of tunnels', () => {
  test('whatever happens, the tunnels that are open are those that may be', async (t) => {
    const tally = await checkSequences({ seed, sequences, shrinks: false })
    t.diagnostic(describeTally(tally))
    const countOf = (kind: string) => [...tally.kinds].find(([it]) => it === kind)?.[1]
    // A run in which something never happens says nothing of it.
    for (const kind of Object.keys(harmless)) {
      const { done = 0, cut } = countOf(kind) ?? {}
      assert.ok(done > 0, `${kind}: never`)
      assert.equal(cut, 0, `${kind}: tunnels ended by it`)
    }
    for (const kind of [...Object.keys(cutting), ...Object.keys(passing)]) {
      const { cut = 0, left = 0 } = countOf(kind) ?? {}
      assert.ok(cut > 0, `${kind}: no tunnel was cut`)
      assert.ok(left > 0, `${kind}: no tunnel was left beside one that was cut`)
    }
    for (const cause of ['idle-timeout', 'session-expired'] as const)
      assert.ok((tally.causes.get(cause) ?? 0) > 0, `${cause}: no tunnel`)
    assert.ok(tally.opened > 1_000, `only ${tally.opened} tunnels`)
  })

  test('what happens follows from the seed', async () => {
    const run = () => checkSequences({ seed, sequences: 8, shrinks: false })
    assert.deepEqual(await run(), await run())
  })

  for (const bug of Object.keys(plantedBugs)) {
    test(`the model finds: ${bug}`, async () => {
      const { code, output } = await runWith(bug)
      assert.match(output, /^planted: /m)
      assert.match(output, /see it again, and made shorter: npm run model -- --seed /)
      assert.equal(code, 1)
    })
  }
})

/** The default run in a process of its own, in whose sources a bug stands. */
async function runWith(bug: string): Promise<{ code: number | null; output: string }> {
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    [
      '--import',
      join(folder, 'plant.ts'),
      join(folder, 'main.ts'),
      '--whole',
      `--seed=${seed}`,
      `--sequences=${sequences}`,
    ],
    { env: { POSTERN_MODEL_BUG: bug } },
  )
  return { code, output: stdout + stderr }
}
