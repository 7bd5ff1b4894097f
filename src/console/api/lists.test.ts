import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { decodeCursor, encodeCursor, hasText, pageInMemory } from './lists.ts'

interface Item {
  readonly at: number
  readonly id: string
}
const keyOf = ({ at, id }: Item) => [at, id]
const item = (at: number, id: string): Item => ({ at, id })

test('each item is on one page, though the list changes between two of them', async () => {
  const all = [item(1, 'a'), item(1, 'b'), item(1, 'c'), item(2, 'a'), item(3, 'a')]
  const first = await pageInMemory(all, { limit: 2 }, keyOf)
  assert.deepEqual(first.items, all.slice(0, 2))
  assert.equal(first.total, 5)
  // The last one of the page has gone, one comes before it, and one after.
  const later = [item(0, 'x'), ...all.filter(({ at, id }) => at !== 1 || id !== 'b'), item(4, 'a')]
  const second = await pageInMemory(later, { limit: 2, cursor: first.next_cursor ?? '' }, keyOf)
  assert.deepEqual(second.items, [item(1, 'c'), item(2, 'a')])
  const third = await pageInMemory(later, { limit: 9, cursor: second.next_cursor ?? '' }, keyOf)
  assert.deepEqual([third.items, third.next_cursor], [[item(3, 'a'), item(4, 'a')], null])
})

test('a page that is just full is the last one where nothing follows', async () => {
  const page = await pageInMemory([item(1, 'a'), item(2, 'a')], { limit: 2 }, keyOf)
  assert.equal(page.next_cursor, null)
  assert.deepEqual(await pageInMemory([], {}, keyOf), { items: [], next_cursor: null, total: 0 })
})

test('a cursor of no list is a fault at its place, whatever it is', async () => {
  const made = [
    'x',
    '',
    '%',
    encodeCursor(['a', 'b', 'c', 'd', 'e']),
    btoa('{"a":1}'),
    btoa('[[]]'),
  ]
  for (const cursor of made) {
    await assert.rejects(pageInMemory([item(1, 'a')], { cursor }, keyOf), {
      code: 'malformed-request',
      problems: [{ path: 'query.cursor', message: 'is none that this list has answered' }],
    })
  }
  assert.throws(() => decodeCursor(encodeCursor([1]), z.tuple([z.string()])))
})

test('a text is looked for in any of several, whatever the case', () => {
  assert.ok(hasText(' ADA ', null, 'bob', 'ada@example.com'))
  assert.ok(hasText(undefined, null))
  assert.ok(hasText('', null))
  assert.ok(!hasText('ada', null, 'bob'))
})
