import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testRoute } from '../gateway/gateway.fixture.ts'
import { findRoute } from './find-route.ts'
import { createRouteRegister } from './register.ts'

const table = createRouteRegister([
  testRoute('tcp+https://db.example.com:5432', [1], undefined, { id: 'db', name: 'Database' }),
  testRoute('tcp+https://*.lab.example.com:22', [1], undefined, { id: 'lab', name: 'lab' }),
  testRoute('tcp+https://one.example.com:80', [1], undefined, { id: 'one', name: 'twin' }),
  testRoute('tcp+https://two.example.com:80', [1], undefined, { id: 'two', name: 'twin' }),
  testRoute('tcp+https://three.example.com:80', [1], undefined, { id: 'three', name: 'db' }),
]).table()

function found(text: string): unknown {
  const it = findRoute(table, text)
  return it !== undefined && 'route' in it ? it.route.id : it
}

test('a route is found by its id, a host and port it answers to, its from, or its name', () => {
  assert.equal(found('db'), 'db', 'an id comes before a name')
  assert.equal(found('Database'), 'db')
  assert.equal(found('DB.example.com:5432'), 'db')
  assert.equal(found('tcp+https://db.example.com:5432'), 'db')
  assert.equal(found('any.lab.example.com:22'), 'lab')
})

test('a name that several have leads to none of them, and one that none has to nothing', () => {
  assert.deepEqual(found('twin'), { several: ['one', 'two'] })
  assert.equal(found('db.example.com:1'), undefined)
  assert.equal(found(''), undefined)
})
