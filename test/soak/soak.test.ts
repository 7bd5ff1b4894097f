// The short form; `npm run soak -- --minutes 3` and longer ones are for by hand (docs/reliability.md).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { peerTest } from '../e2e/peers.ts'
import { needsSources } from '../postern-program.ts'
import { leakNames, type LeakName } from './probe-figures.ts'
import { soak, type SoakResult } from './soak.ts'
import type { Quantity } from './verdict.ts'
import type { Scope } from '../e2e/scope.ts'

/** Ten times what it takes, in milliseconds. */
const maxTestMs = 600_000
const load = { idle: 200, busy: 8, churn: 10 } as const

/** Another one each day; `npm run soak -- --seed` does the same again. */
const seed = Math.floor(Date.now() / 86_400_000)

/** What each leak has to be found by. */
const foundBy: Readonly<Record<LeakName, Quantity>> = {
  descriptor: 'descriptors',
  socket: 'sockets',
  timer: 'timers',
  buffer: 'externalBytes',
  object: 'heapBytes',
}

/** The measures are loaded by an option of Node.js. */
if (needsSources === false)
  describe('a gateway with tunnels that come and go', { concurrency: true }, () => {
    peerTest(
      'holds no more after them than before, and loses none of the others',
      [],
      async (scope) => {
        const result = await run(scope, 30, [])
        const { figures, lost } = result
        assert.deepEqual(growing(result), [], `seed ${seed}: ${JSON.stringify(figures)}`)
        assert.deepEqual(lost, [])
        // Less would prove little.
        assert.ok(result.churned > 50, `${result.churned} came and went`)
        for (const what of ['refused', 'signIns', 'reloads', 'looks', 'refreshes'] as const)
          assert.ok(result[what] > 0, `no ${what}`)
        for (const [kind, count] of Object.entries(result.opened))
          assert.ok(count > 26, `only ${count} of ${kind}`)
      },
      maxTestMs,
    )

    peerTest(
      'is found to leak where it loses something for each',
      [],
      async (scope) => {
        const result = await run(scope, 20, leakNames)
        const found = growing(result)
        for (const [leak, quantity] of Object.entries(foundBy))
          assert.ok(
            found.includes(quantity),
            `${leak}: ${JSON.stringify(result.figures[quantity])}`,
          )
      },
      maxTestMs,
    )
  })

function run(scope: Scope, seconds: number, leaks: readonly LeakName[]): Promise<SoakResult> {
  return soak(scope, { ...load, seconds, seed, leaks, say: () => undefined })
}

/** Without the event loop, which is late where other tests begin beside this one. */
function growing({ figures }: SoakResult): readonly string[] {
  return Object.entries(figures).flatMap(([name, { isFlat }]) =>
    isFlat || name === 'loopDelayP99Ms' ? [] : [name],
  )
}
