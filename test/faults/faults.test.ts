import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inScope } from '../e2e/scope.ts'
import { allFaults } from './all.ts'
import { readRows } from './page.ts'
import { tryFaults } from './run.ts'

/** Ten times what they take beside other tests. */
const maxTestMs = 400_000

test(
  'transfers come out whole, or their end is reported, whatever goes wrong',
  { timeout: maxTestMs },
  async (t) => {
    const short = allFaults.filter(({ isShort }) => isShort === true)
    assert.ok(short.length >= 5, 'too few to prove anything')
    const say = (line: string): void => t.diagnostic(line)
    const came = await tryFaults(short, {
      isShort: true,
      inScope: (run) => inScope(run, say),
      say,
    })
    assert.deepEqual(
      came.flatMap(({ name, notTried, wrong }) => [
        ...(notTried === undefined ? [] : [`${name}: ${notTried}`]),
        ...wrong.map((what) => `${name}: ${what}`),
      ]),
      [],
    )
    assert.equal(came.length, short.length)
  },
)

test('the table of faults is that of the list, and says of each what came out', async () => {
  const rows = await readRows()
  assert.deepEqual(
    rows.map(({ name, done, holds }) => ({ name, done, holds })),
    allFaults.map(({ name, done, holds }) => ({ name, done, holds })),
    'npm run faults -- --write writes it',
  )
  for (const { name, came } of rows) assert.match(came, /^(?:\d|not tried: )/, name)
})
