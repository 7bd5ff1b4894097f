import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testRoute } from '../access.fixture.ts'
import { changedRoutes } from './route-changes.ts'

const route = (id: string) => ({ ...testRoute(`tcp+https://${id}.example.com:22`, [1]), id })

test('routes that are made, changed and taken away are named, and no other one', () => {
  const [kept, old, gone, changed, made] = ['kept', 'a', 'gone', 'a', 'made'].map(route)
  assert.ok(kept && old && gone && changed && made)
  assert.deepEqual(changedRoutes([kept, old, gone], [made, changed, kept]), [
    { id: 'made', before: undefined, after: made },
    { id: 'a', before: old, after: changed },
    { id: 'gone', before: gone, after: undefined },
  ])
  assert.deepEqual(changedRoutes([kept], [kept]), [])
})
