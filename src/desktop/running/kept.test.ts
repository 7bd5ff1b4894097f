import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noGateways } from '../../client/gateways/known-gateway.ts'
import { savedConnection } from '../wire/connection.ts'
import { chosen } from './kept.ts'
import { keepAll } from './plan.ts'

test('by names and a tag those are meant that have both', () => {
  const saved = [
    { id: 'c-1', name: 'a', destination: 'a.corp:1', tags: ['staging'] },
    { id: 'c-2', name: 'b', destination: 'b.corp:1' },
    { id: 'c-3', name: 'c', destination: 'c.corp:1', tags: ['staging'] },
  ]
  const all = keepAll(
    saved.map((one) => savedConnection.parse(one)),
    { platform: 'linux', remembered: noGateways },
  )
  const ids = (which: Parameters<typeof chosen>[1]): readonly string[] =>
    chosen(all, which).map(({ saved: { id } }) => id)
  assert.deepEqual(ids({}), ['c-1', 'c-2', 'c-3'])
  assert.deepEqual(ids({ connections: ['C', 'c-2'] }), ['c-3', 'c-2'])
  assert.deepEqual(ids({ tag: 'staging' }), ['c-1', 'c-3'])
  assert.deepEqual(ids({ connections: ['c-2', 'c-3'], tag: 'staging' }), ['c-3'])
  assert.throws(() => ids({ connections: ['nobody'], tag: 'staging' }), {
    code: 'connection-not-found',
  })
  assert.throws(() => ids({ connections: ['a'], tag: 'none' }), { code: 'tag-not-found' })
})
