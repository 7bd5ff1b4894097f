// Whatever happens while a tunnel is opened, and in whatever order: interleavings by their seed, and bugs that they must find.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runProgram, type Ended } from '../../src/program.fixture.ts'
import { plantedRaces } from './planted.ts'
import { kindNames } from './races/changes.ts'
import { checkRaces, runOnce } from './races/check-races.ts'
import type { Phase } from './races/opening.ts'
import { describeRaceTally } from './races/race-tally.ts'

const seed = 1
const interleavings = 100_000
const folder = import.meta.dirname

/** Each of them is met by each kind of change at least so often. */
const leastMet: Readonly<Record<Phase, number>> = {
  'not asked for': 1_000,
  'being identified': 1_000,
  'the provider asked': 50,
  'its upstream being opened': 1_000,
  'decided again before it opens': 50,
  open: 1_000,
  'open, and decided again': 50,
  'cut, and not over': 100,
  over: 1_000,
}

/** All that a tunnel here can come to. */
const outcomes = [
  'open',
  'closed',
  'cut-by-operator',
  'shutdown',
  'person-blocked',
  'route-removed',
  'route-changed',
  'policy-changed',
  'access-ended',
  'session-revoked',
  'session-expired',
  'provider-logout',
  'route-not-found',
  'policy-denied',
  'sign-in-required',
  'gateway-leaving',
]

describe('what happens while tunnels are opened', () => {
  test('in whatever order, what is open is what may be', async (t) => {
    const tally = await checkRaces({ seed, count: interleavings })
    t.diagnostic(describeRaceTally(tally))
    assert.equal(tally.races, interleavings)
    assert.ok(tally.opened > interleavings / 2, `only ${tally.opened} tunnels`)
    for (const kind of kindNames)
      for (const [phase, least] of Object.entries(leastMet)) {
        const met = tally.metBy(kind, phase as Phase)
        assert.ok(met >= least, `${kind} while a tunnel was ${phase}: ${met} times`)
      }
    for (const outcome of outcomes) {
      const count = tally.outcomes.get(outcome) ?? 0
      assert.ok(count >= 100, `${outcome}: ${count} tunnels`)
    }
  })

  test('a seed and an index give the same steps each time, and others give others', async () => {
    const some = Array.from({ length: 200 }, (_, index) => index)
    const runs = async (): Promise<readonly string[]> => {
      const all: string[] = []
      for (const index of some) all.push((await runOnce(seed, index)).join('\n'))
      return all
    }
    const [first, second] = [await runs(), await runs()]
    assert.deepEqual(first, second)
    assert.ok(new Set(first).size > 190, `${new Set(first).size} of 200 differ`)
  })

  for (const bug of Object.keys(plantedRaces)) {
    test(`interleavings find: ${bug}`, async (t) => {
      const first = await runWith(bug, '--seed', `${seed}`, '--interleavings', `${interleavings}`)
      assert.match(first.stdout, /^planted: /m)
      const found = /^see it again: npm run model -- --races --seed (\d+) --index (\d+)$/m.exec(
        first.stderr,
      )
      assert.ok(found !== null, first.stderr)
      const [, ownSeed = '', index = ''] = found
      t.diagnostic(`found by interleaving ${index}`)
      const again = await runWith(bug, '--seed', ownSeed, '--index', index)
      assert.deepEqual([again.code, again.stderr], [1, first.stderr])
      // Without the bug nothing is wrong there.
      await runOnce(Number(ownSeed), Number(index))
    })
  }
})

/** A run in a process of its own, in whose sources a bug stands. */
function runWith(bug: string, ...args: readonly string[]): Promise<Ended> {
  return runProgram(
    process.execPath,
    ['--import', join(folder, 'plant.ts'), join(folder, 'main.ts'), '--races', ...args],
    { env: { POSTERN_MODEL_BUG: bug } },
  )
}
