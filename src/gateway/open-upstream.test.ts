import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { drawOrder } from './open-upstream.ts'

const upstream = (
  host: string,
  weight: number,
): { host: string; port: number; weight: number } => ({ host, port: 1, weight })

test('every upstream is tried once, whatever the weights and the draw', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      weights,
      fc.infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true })),
      (list, numbers) => {
        const upstreams = list.map((weight, index) => upstream(`h${index}`, weight))
        const order = drawOrder(upstreams, () => numbers.next().value ?? 0)
        assert.deepEqual(
          order.map(({ host }) => host).toSorted(),
          upstreams.map(({ host }) => host).toSorted(),
        )
      },
    ),
  )
})

test('the first is drawn by weight', () => {
  const upstreams = [upstream('a', 10), upstream('b', 20), upstream('c', 70)]
  const first = (ticket: number): string | undefined => drawOrder(upstreams, () => ticket)[0]?.host
  assert.deepEqual([0, 0.0999, 0.1, 0.2999, 0.3, 0.9999].map(first), ['a', 'a', 'b', 'b', 'c', 'c'])
})
