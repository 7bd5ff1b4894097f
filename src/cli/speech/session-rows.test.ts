import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sayTime } from '../../say-time.ts'
import { sessionRows } from './session-rows.ts'

test('a gateway of a former release says less, and its sessions are listed', () => {
  const at = '2026-01-01T00:00:00Z'
  const who = { id: 's1', user: 'u1', email: null, name: null, provider: 'default', groups: [] }
  const times = { issued_at: at, expires_at: at }
  const rows = sessionRows([{ ...who, ...times, device: null, tunnels: 2 }])
  assert.deepEqual(rows[1], ['u1', '-', '-', sayTime(at), '-', sayTime(at), '2', 's1'])
})
