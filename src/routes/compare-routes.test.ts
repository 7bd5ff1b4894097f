import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareRoutes, type PlacedRoute } from './compare-routes.ts'
import { parseFrom } from './from.ts'
import { madeRouteId } from './open-route.ts'

function placed(
  ...routes: readonly { readonly from: string; readonly id?: string }[]
): PlacedRoute[] {
  return routes.map(({ from, id }, index) => {
    const parsed = parseFrom(`tcp+https://${from}`)
    assert.ok('targets' in parsed)
    return { index, id, from: { ...parsed, text: `tcp+https://${from}` } }
  })
}

const nameOf = (index: number): string => `route ${index}`
const told = (routes: readonly PlacedRoute[]): readonly string[] => {
  const { faults, warnings } = compareRoutes(routes, nameOf)
  return [...faults, ...warnings].map(({ path, message }) => `${path.join('.')}: ${message}`)
}

test('two routes have neither an id nor a target in common, and are named as whoever asks names them', () => {
  const routes = placed(
    { from: 'a.b:22', id: 'one' },
    { from: 'gate.b/x:1/A.B:22', id: 'two' },
    { from: 'c.b:22', id: 'one' },
    { from: 'd.b:22' },
    { from: 'e.b:22' },
  )
  assert.deepEqual(told(routes), [
    '2.id: "one" is already the id of route 0',
    '1.from: "a.b:22" already belongs to route 0',
  ])
})

test('an id that is written is not the one that is made for another route', () => {
  const made = madeRouteId('tcp+https://b.b:22')
  const routes = placed({ from: 'a.b:22', id: made }, { from: 'b.b:22' }, { from: 'c.b:22' })
  assert.deepEqual(told(routes), [`0.id: "${made}" is already the id of route 1`])
  assert.deepEqual(told(placed({ from: 'b.b:22', id: made }, { from: 'a.b:22' })), [])
})

test('a wildcard that another one covers and comes before is never reached', () => {
  assert.deepEqual(told(placed({ from: '*.prod.b:22' }, { from: '*.b:22' }, { from: '*.b:23' })), [
    '0.from: is never reached: "tcp+https://*.b:22" is tried first and matches all of it',
  ])
  assert.deepEqual(told(placed({ from: '*.a.b:22' }, { from: '*.b' }, { from: 'x.b:22' })), [])
})
