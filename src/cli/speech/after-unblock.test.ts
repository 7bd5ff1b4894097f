import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterUnblock } from './after-unblock.ts'

const block = {
  who: 'alice@example.com',
  user_ids: [],
  emails: [],
  blocked_at: '',
  blocked_by: 'bob@example.com',
  by_scim: false,
  reason: '',
}

test('whoever is blocked by other names as well is not said to be let in', () => {
  const said = (others: readonly string[]): string =>
    afterUnblock({ ...block, still_blocked_as: others })
  assert.equal(said([]), 'they may sign in again')
  assert.equal(
    said(['u-alice', 'a@former.example']),
    'the same person is still blocked as u-alice and as a@former.example: unblock that as well',
  )
})
