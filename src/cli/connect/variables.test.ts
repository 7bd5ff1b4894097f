import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNamedRoute, routeVariables, type PlacedRoute } from './variables.ts'

function placed(host: string, port: number, name?: string): PlacedRoute {
  return { name, target: { host, port }, local: { host: '127.1.2.3', port: port + 1 } }
}

test('the first route has the plain names, each its own, and the first of a service what programs read', () => {
  const found = routeVariables([
    placed('cache.example.com', 6379),
    placed('db.example.com', 5432),
    placed('db2.example.com', 5432, 'replica'),
    placed('10.0.0.9', 3306),
  ])
  assert.equal(found['POSTERN_ADDRESS'], '127.1.2.3:6380')
  assert.equal(found['POSTERN_CACHE_ADDRESS'], '127.1.2.3:6380')
  assert.equal(found['REDIS_URL'], 'redis://127.1.2.3:6380')
  assert.deepEqual([found['PGHOST'], found['PGPORT']], ['127.1.2.3', '5433'])
  assert.equal(found['POSTERN_REPLICA_PORT'], '5433')
  assert.equal(found['POSTERN_10_0_0_9_HOST'], '127.1.2.3')
  assert.equal(found['MYSQL_TCP_PORT'], '3307')
})

test('what would lead PostgreSQL elsewhere is taken away, and left alone without a route to one', () => {
  const names = ['PGHOSTADDR', 'PGSERVICE']
  const own = Object.keys(routeVariables([placed('db.example.com', 5432)]))
  assert.ok(names.every((name) => own.includes(name)))
  const other = Object.keys(routeVariables([placed('cache.example.com', 6379)]))
  assert.ok(!names.some((name) => other.includes(name)))
})

test('two routes of one name are refused', () => {
  const routes = [placed('db.one.example.com', 5432), placed('db.two.example.com', 5432)]
  assert.throws(() => routeVariables(routes), { code: 'invalid-option' })
})

test('a name stands before the first "="', () => {
  assert.deepEqual(parseNamedRoute('a=b=c:1'), { name: 'a', route: 'b=c:1' })
  assert.deepEqual(parseNamedRoute('orders-db'), { name: 'orders-db', route: 'orders-db' })
  for (const text of ['db.example.com:5432', '=db:1', '1a=db:1', 'LD-PRELOAD=x:1', 'https://a/b:1'])
    assert.deepEqual(parseNamedRoute(text), { name: undefined, route: text })
})
