import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeptEntry } from '../telemetry/audit/read-audit.ts'
import { readPastUse } from './past-use.ts'

function use(more: Partial<KeptEntry> = {}): KeptEntry {
  const time = '2026-01-01T00:00:00.000Z'
  const fields = { user: 'u-1', ip: '192.0.2.7', 'route-id': 'db', allow: true, deny: false }
  return { time, kind: 'decision', event: 'authorize check', ...fields, ...more }
}

async function* list(...entries: readonly KeptEntry[]): AsyncGenerator<KeptEntry> {
  yield* await Promise.resolve(entries)
}

test('the last time that somebody was let in counts, and from where', async () => {
  const past = await readPastUse(
    list(
      use({ time: '2026-01-02T00:00:00.000Z', ip: '192.0.2.8' }),
      use(),
      use({ user: '', 'service-account-id': 'backup' }),
    ),
  )
  assert.equal(past.lastUse('u-1', 'db'), '2026-01-02T00:00:00.000Z')
  assert.equal(past.ipOf('u-1'), '192.0.2.8')
  assert.deepEqual(past.users('db'), ['u-1', 'backup'])
  assert.deepEqual([past.decisions, past.cutAt], [3, undefined])
})

test('refusals, entries of other kinds and odd ones say nothing', async () => {
  const past = await readPastUse(
    list(
      use({ allow: false }),
      use({ deny: true }),
      use({ kind: 'sign-in' }),
      use({ user: undefined }),
      use({ 'route-id': 7 }),
    ),
  )
  assert.deepEqual([past.decisions, past.users('db')], [0, []])
})

test('of a log that takes too long the newest is read, and it is said back to when', async () => {
  let nowMs = 0
  let read = 0
  async function* endless(): AsyncGenerator<KeptEntry> {
    for (;;) {
      read += 1
      nowMs += 100
      yield await Promise.resolve(use({ time: `${9_999 - read}`, allow: read === 1 }))
    }
  }
  const past = await readPastUse(endless(), () => nowMs)
  assert.deepEqual([past.cutAt, read], ['9948', 51])
  assert.equal(past.lastUse('u-1', 'db'), '9998')
})

test('of a long log so many decisions count, and it is said that there are more', async () => {
  async function* many(): AsyncGenerator<KeptEntry> {
    const one = await Promise.resolve(use())
    for (let made = 0; made < 200_010; made += 1) yield one
  }
  const past = await readPastUse(many(), () => 0)
  assert.deepEqual([past.decisions, past.cutAt], [200_000, use().time])
})
