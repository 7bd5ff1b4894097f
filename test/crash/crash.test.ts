import assert from 'node:assert/strict'
import { peerTest } from '../e2e/peers.ts'
import { crashAgainAndAgain } from './rounds.ts'

/** As often as fits into CI; `npm run crash` goes on for longer. */
const times = 20
/** Ten times what it takes, a minute of one core at most, in milliseconds. */
const maxTestMs = 600_000

peerTest(
  'a gateway that is killed at any moment loses nothing it has acknowledged',
  [],
  async (scope) => {
    // Another one each day: what one seed hits another does not.
    const seed = Number(process.env['POSTERN_CRASH_SEED'] ?? Math.floor(Date.now() / 86_400_000))
    const { kills, acknowledged, records } = await crashAgainAndAgain(scope, {
      times,
      seed,
      say: () => undefined,
    })
    assert.equal(kills, times)
    // Less would prove little.
    assert.ok(
      acknowledged > times && records > times,
      `${acknowledged} changes, ${records} records`,
    )
  },
  maxTestMs,
)
