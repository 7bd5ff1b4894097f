import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { testRoute } from '../gateway/gateway.fixture.ts'
import { changesTo, createRouteRegister } from './register.ts'
import type { NewRoute, Route } from './route.ts'

const [a, b, c] = ['a', 'b', 'c'].map((name) => route(name)) as [NewRoute, NewRoute, NewRoute]

function route(name: string, more: Partial<Route> = {}): NewRoute {
  return testRoute(`tcp+https://${name}.example.com:7`, [1], undefined, { id: name, ...more })
}

const idsOf = (routes: readonly NewRoute[]): string => routes.map(({ id }) => id).join('')

describe('a register of routes', () => {
  test('numbers every new form of a route, and no two alike', () => {
    const register = createRouteRegister([a, b])
    const revisions = (): readonly number[] =>
      register.table().routes.map(({ revision }) => revision)
    const seen = new Set(revisions())
    for (const form of [route('a'), route('b'), a, route('a')]) {
      const before = register.table().routes.find(({ id }) => id === form.id)
      register.replaceRoutes({ put: [form] })
      const after = register.table().routes.find(({ id }) => id === form.id)
      assert.ok(before && after && after.revision > before.revision)
      assert.ok(!seen.has(after.revision))
      seen.add(after.revision)
    }
  })

  test('leaves alone what is put as it was, whether as a form or as the route itself', () => {
    const register = createRouteRegister([a, b])
    const [first, second] = register.table().routes
    assert.ok(second)
    register.replaceRoutes({ put: [a, second, c] })
    assert.deepEqual(
      register.table().routes.map((route) => [first, second].includes(route)),
      [true, true, false],
    )
  })

  test('changes a route in its place, adds at the end, and orders as it is told', () => {
    const register = createRouteRegister([a, b])
    register.replaceRoutes({ put: [c, route('a', { description: 'new' })] })
    assert.equal(idsOf(register.table().routes), 'abc')
    assert.equal(register.table().routes[0]?.description, 'new')
    register.replaceRoutes({ remove: ['b', 'unknown'], order: ['c', 'a'] })
    assert.equal(idsOf(register.table().routes), 'ca')
  })

  test('becomes what a list says, whatever it was', () => {
    const register = createRouteRegister([a, b])
    const [, kept] = register.table().routes
    register.replaceRoutes(changesTo([c, b], register.table()))
    assert.equal(idsOf(register.table().routes), 'cb')
    assert.equal(register.table().routes[1], kept)
    register.replaceRoutes(changesTo([], register.table()))
    assert.equal(idsOf(register.table().routes), '')
  })

  test('has a new table for each change; the old one still says what held', () => {
    const register = createRouteRegister([a])
    const before = register.table()
    register.replaceRoutes({ put: [b], remove: ['a'] })
    const target = { host: 'a.example.com', port: 7 }
    assert.equal(before.match(target)?.id, 'a')
    assert.equal(register.table().match(target), undefined)
  })

  test('refuses two routes of one id and an order of others, and stays as it was', () => {
    const register = createRouteRegister([a, b])
    const before = register.table()
    for (const changes of [
      { put: [c, route('c')] },
      { put: [c], order: ['a', 'b'] },
      { order: ['a', 'b', 'c'] },
      { order: ['a', 'a', 'b'] },
      { put: [{ ...c, from: 'unchecked' }] },
    ]) {
      assert.throws(() => register.replaceRoutes(changes), TypeError)
    }
    assert.equal(register.table(), before)
    assert.throws(() => createRouteRegister([a, route('a')]), TypeError)
  })
})
