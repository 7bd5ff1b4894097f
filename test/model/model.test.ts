// Access ends when it should: random sequences against a slow reference, and bugs that they must find.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runProgram } from '../../src/program.fixture.ts'
import { cutting, harmless, passing, type Kind } from './changes.ts'
import { checkSequences } from './check-sequences.ts'
import { plantedBugs } from './planted.ts'
import { describeTally, type Tally } from './tally.ts'

const seed = 3
const sequences = 40
/** So many seeds have each kind of change cut some tunnel and leave another. */
const mostRuns = 4
const folder = import.meta.dirname

describe('the model of tunnels', () => {
  test('whatever happens, the tunnels that are open are those that may be', async (t) => {
    const tallies: Tally[] = []
    const happened = (kind: Kind): boolean =>
      tallies.some(({ kinds }) => {
        const { cut = 0, left = 0 } = kinds.get(kind) ?? {}
        return cut > 0 && left > 0
      })
    const wanted = [...keysOf(cutting), ...keysOf(passing)]
    const rare = (): readonly Kind[] => wanted.filter((kind) => !happened(kind))
    // A run in which something never happens says nothing of it: then there is another one.
    while (tallies.length < mostRuns && (tallies.length === 0 || rare().length > 0)) {
      const tally = await checkSequences({
        seed: seed + tallies.length,
        sequences,
        shrinks: false,
      })
      t.diagnostic(describeTally(tally))
      tallies.push(tally)
      for (const kind of keysOf(harmless)) {
        const { done = 0, cut } = tally.kinds.get(kind) ?? {}
        assert.ok(done > 0, `${kind}: never`)
        assert.equal(cut, 0, `${kind}: tunnels ended by it`)
      }
    }
    assert.deepEqual(rare(), [], 'none was cut by these, or none was left beside one that was')
    for (const cause of ['idle-timeout', 'session-expired'] as const)
      assert.ok(
        tallies.some(({ causes }) => (causes.get(cause) ?? 0) > 0),
        `${cause}: no tunnel`,
      )
    const opened = tallies.reduce((sum, tally) => sum + tally.opened, 0)
    assert.ok(opened > 800 * tallies.length, `only ${opened} tunnels`)
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

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(record) as Key[]
}
