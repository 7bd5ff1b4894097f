import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqliteStore } from '../../store/sqlite.ts'
import { createApiRig } from './api.fixture.ts'

test('pictures are shown to who sees everything, in the form that is documented', async (t) => {
  const { samples, close } = await openSqliteStore(':memory:')
  t.after(close)
  const state = { lagRecords: 1, lagSeconds: 0.5, problem: 'no "route"', dropped: 2 }
  const { ask } = createApiRig({
    role: { role: 'auditor' },
    samples,
    forwarding: [{ name: 'siem', isFailing: true, ...state }],
  })
  for (const path of ['/overview', '/samples', '/samples?step=1h&since=2025-12-31T10:00:00Z']) {
    const response = await ask('GET', path)
    assert.equal(response.status, 200, path)
  }
  const { audit_forward: states } = (await (await ask('GET', '/overview')).json()) as {
    audit_forward: unknown
  }
  assert.deepEqual(states, [
    {
      name: 'siem',
      state: 'failing',
      problem: 'no "route"',
      lag_records: 1,
      lag_seconds: 0.5,
      dropped: 2,
    },
  ])
})

test('a picture of too many points, or of no time, is a fault of who asks', async () => {
  const { ask } = createApiRig({ role: { role: 'admin' } })
  for (const query of [
    'step=1m&since=2020-01-01T00:00:00Z',
    'since=never',
    'step=2m',
    'since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z',
    'more=1',
  ])
    assert.equal((await ask('GET', `/samples?${query}`)).status, 400, query)
})

test('pictures are not for everybody who is signed in', async () => {
  const { ask } = createApiRig()
  assert.equal((await ask('GET', '/overview')).status, 403)
  assert.equal((await ask('GET', '/samples?route=db')).status, 403)
  assert.equal((await ask('GET', '/overview', { as: 'nobody' })).status, 401)
})
