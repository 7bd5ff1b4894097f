import assert from 'node:assert/strict'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'node:test'
import { runProgramSync } from './program.fixture.ts'
import { sayTime } from './say-time.ts'

const file = pathToFileURL(join(import.meta.dirname, 'say-time.ts')).href

/** In a process of another zone. */
function inZone(zone: string, ...times: string[]): string[] {
  const code = `
    const { sayTime, saySecond } = await import(${JSON.stringify(file)})
    const now = Date.parse('2026-11-29T14:05:09Z')
    for (const time of ${JSON.stringify(times)}) console.log(sayTime(time, now), '|', saySecond(time))`
  const args = ['--input-type=module', '-e', code]
  const { stdout, stderr } = runProgramSync(process.execPath, args, { env: { TZ: zone } })
  assert.notEqual(stdout, '', stderr)
  return stdout.trimEnd().split('\n')
}

test('a moment is told in the time of this machine, with its zone, winter and summer', () => {
  assert.deepEqual(inZone('Europe/Berlin', '2026-11-29T17:05:40Z', '2026-07-01T23:30:00Z'), [
    '2026-11-29 18:05 CET (in 3 h) | 2026-11-29 18:05:40 CET',
    '2026-07-02 01:30 CEST (150 days ago) | 2026-07-02 01:30:00 CEST',
  ])
  assert.match(
    inZone('America/New_York', '2026-11-29T17:05:00Z')[0] ?? '',
    /^2026-11-29 12:05 EST /,
  )
  assert.match(
    inZone('Asia/Kolkata', '2026-11-29T17:05:00Z')[0] ?? '',
    /^2026-11-29 22:35 (?:IST|\+05:30) /,
  )
  assert.match(
    inZone('UTC', '2026-11-29T17:05:00+01:00')[0] ?? '',
    /^2026-11-29 16:05 UTC \(in 1 h\)/,
  )
})

test('how far away it is never promises more than there is', () => {
  const nowMs = Date.parse('2026-11-29T14:00:00Z')
  const far = (ms: number): string =>
    sayTime(new Date(nowMs + ms).toISOString(), nowMs).replace(/^.* \(/, '(')
  assert.deepEqual(
    [59_999, -59_999, 60_000, 3_599_999, -7_200_000, 47.9 * 3_600_000, 48 * 3_600_000].map(far),
    ['(now)', '(now)', '(in 1 min)', '(in 59 min)', '(2 h ago)', '(in 47 h)', '(in 2 days)'],
  )
})

test('what is no moment is left as it is', () => {
  for (const text of ['', 'never', '2026-13-45T00:00:00Z']) assert.equal(sayTime(text), text)
})
