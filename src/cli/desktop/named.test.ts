import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namedOf } from './named.ts'

const connections = ['Orders DB', 'cache'].map((name, index) => ({
  id: `c-${index}`,
  settings: { name },
}))

test('connections of a file are meant by their names, whatever their case', () => {
  assert.deepEqual(namedOf(['CACHE', 'orders  db'], connections, 'f'), connections.toReversed())
  assert.deepEqual(namedOf([], connections, 'f'), connections)
  assert.deepEqual(namedOf(['c-1'], connections), [connections[1]], 'or by their ids')
})

test('a name that is none of the file is told, with the one that it looks like', () => {
  assert.throws(() => namedOf(['cache', 'cashe'], connections, 'team.yaml'), {
    message: 'there is no connection "cashe" in "team.yaml"',
    hint: 'did you mean "cache"?',
  })
  assert.throws(() => namedOf(['nobody'], connections), {
    code: 'connection-not-found',
    message: 'there is no connection "nobody"',
    hint: 'see "postern status"',
  })
})
