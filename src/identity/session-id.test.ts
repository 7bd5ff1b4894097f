import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSessionId } from './session-id.ts'

test('the id of a session is none that a command takes for an option', () => {
  // One in 64 would be.
  const ids = Array.from({ length: 2_000 }, makeSessionId)
  assert.deepEqual(
    ids.filter((id) => !/^[A-Za-z0-9_][\w-]{42}$/.test(id)),
    [],
  )
  assert.equal(new Set(ids).size, ids.length)
})
