import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessError } from '../errors.ts'
import { createFakeClock } from '../fake-clock.ts'
import { createLimitReports } from './limit-reports.ts'
import { createSignInLimits } from './sign-in-limits.ts'
import { silentLogger } from '../log.ts'

const here = '2001:db8::1'
/** Of the same subscriber. */
const beside = '2001:db8::2'
const elsewhere = '192.0.2.1'

function setUp() {
  const clock = createFakeClock()
  const lines: string[] = []
  const counts: string[] = []
  const warn = (message: string, fields = {}): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`)
  const reports = createLimitReports({ ...silentLogger, warn }, clock, (it) => void counts.push(it))
  return { clock, lines, counts, limits: createSignInLimits(clock, reports) }
}

const fail = (code: string) => () => Promise.reject(new AccessError(code, 'no'))
const succeed = () => Promise.resolve('done')

describe('the limits of a sign-in', () => {
  test('1200 are begun from one address in a minute', () => {
    const { clock, lines, counts, limits } = setUp()
    for (let count = 0; count < 1200; count += 1) limits.begin(here)
    clock.advance(20_000)
    for (let count = 0; count < 50; count += 1)
      assert.throws(() => limits.begin(beside), {
        code: 'too-many-sign-ins',
        retryAfterSeconds: 40,
      })
    limits.begin(elsewhere)
    // Each is counted, and the minute has one line.
    assert.equal(counts.length, 50)
    assert.deepEqual(lines, [
      'limit reached {"limit":"too-many-sign-ins","ip":"2001:db8:0:0::/64"}',
    ])
    clock.advance(40_000)
    limits.begin(here)
  })

  test('an attacker with many addresses fills neither memory nor log', () => {
    const { clock, lines, limits } = setUp()
    for (let address = 0; address < 30; address += 1)
      for (let count = 0; count < 1201; count += 1)
        try {
          limits.begin(`10.0.0.${address}`)
        } catch {
          continue
        }
    assert.equal(lines.length, 20)
    clock.advance(60_000)
    assert.deepEqual(lines.at(-1), 'more addresses at a limit {"addresses":10}')
  })

  test('300 that fail at the provider keep it from being asked again for the minute', async () => {
    const { clock, limits } = setUp()
    for (let count = 0; count < 300; count += 1) {
      await assert.rejects(limits.finish(here, fail('provider-refused')), {
        code: 'provider-refused',
      })
      if (count < 299) assert.equal(await limits.finish(here, succeed), 'done')
    }
    let asked = 0
    const ask = () => Promise.resolve((asked += 1))
    await assert.rejects(limits.finish(beside, ask), { code: 'too-many-failed-sign-ins' })
    assert.equal(asked, 0)
    assert.equal(await limits.finish(elsewhere, succeed), 'done')
    clock.advance(60_000)
    assert.equal(await limits.finish(here, succeed), 'done')
  })

  test('made-up callbacks are refused alone: whoever comes from the provider is let in', async () => {
    const { lines, limits } = setUp()
    const codes = ['sign-in-state-mismatch', 'sign-in-expired', 'sign-in-used']
    for (let count = 0; count < 60; count += 1) {
      const code = codes[count % 3] ?? ''
      await assert.rejects(limits.finish(here, fail(code)), { code })
    }
    for (let count = 0; count < 1000; count += 1)
      await assert.rejects(limits.finish(here, fail('sign-in-state-mismatch')), {
        code: 'too-many-failed-sign-ins',
      })
    assert.equal(lines.length, 1)
    assert.equal(await limits.finish(here, succeed), 'done')
  })

  test('a provider that is down counts for nobody', async () => {
    const { limits } = setUp()
    for (let count = 0; count < 400; count += 1)
      await assert.rejects(limits.finish(here, fail('provider-unavailable')))
    assert.equal(await limits.finish(here, succeed), 'done')
  })

  test('64 of one address wait for the provider, 512 in all', async () => {
    const { limits } = setUp()
    const { promise, resolve } = Promise.withResolvers<string>()
    const wait = (address: string) => limits.finish(address, () => promise)
    const waiting = Array.from({ length: 64 }, () => wait(here))
    await assert.rejects(wait(beside), { code: 'too-many-sign-ins', retryAfterSeconds: 2 })
    for (let count = 64; count < 512; count += 1) waiting.push(wait(`10.0.0.${count % 8}`))
    await assert.rejects(wait(elsewhere), { code: 'too-many-sign-ins' })
    resolve('done')
    await Promise.all(waiting)
    assert.equal(await wait(here), 'done')
  })
})
