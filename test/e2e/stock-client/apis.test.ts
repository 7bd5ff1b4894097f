import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { peerTest } from '../peers.ts'
import { alice, bob, carol, route, type GatewayRig } from '../rig.ts'
import type { Scope } from '../scope.ts'
import { down, get, signIn, startStock, target } from './stock.ts'

const routesPath = '/.pomerium/api/v1/routes'

describe('G10: the list of routes', () => {
  peerTest('has for each person the routes they may use now', [], async (scope) => {
    const rig = await startStock(scope)
    const names = async (email: string): Promise<unknown[]> =>
      (await listed(scope, rig, email)).map(({ name, type, from }) => [name, type, from])
    const both = [
      ['echo', 'tcp', `tcp+https://${target}`],
      ['down', 'tcp', `tcp+https://${down}`],
    ]
    assert.deepEqual(await names(bob), both)
    assert.deepEqual(await names(carol), [])
  })

  peerTest(
    'is in the shape that Go decodes: texts, and nothing that is null',
    [],
    async (scope) => {
      const described = { ...route('db.example.com:5432', 1), description: 'Orders, "live"' }
      const through = {
        ...route('ssh.example.com:22', 1),
        from: 'tcp+https://bastion.example.com/ssh.example.com:22',
      }
      const rig = await startStock(scope, {}, [
        described,
        through,
        route('*.lab.example.com:22', 1),
      ])
      const routes = await listed(scope, rig, alice)
      assert.equal(routes.length, 5)
      // What the client decodes into strings; a number or null there fails the whole list.
      const texts = ['id', 'name', 'type', 'from', 'description', 'connect_command', 'logo_url']
      for (const entry of routes) {
        for (const name of texts)
          assert.ok(['string', 'undefined'].includes(typeof entry[name]), name)
        for (const name of ['id', 'name', 'type', 'from'])
          assert.notEqual(entry[name] ?? '', '', name)
      }
      assert.equal(new Set(routes.map(({ id }) => id)).size, routes.length)
      const byName = new Map(routes.map((entry) => [entry['name'], entry]))
      assert.equal(byName.get('db')?.['description'], 'Orders, "live"')
      assert.match(
        String(byName.get('db')?.['connect_command']),
        /^pomerium-cli tcp --pomerium-url \S+ db\.example\.com:5432$/,
      )
      assert.equal(byName.get('ssh')?.['from'], through.from)
      assert.equal(byName.get('ssh')?.['connect_command'], `pomerium-cli tcp ${through.from}`)
      // A pattern is no destination.
      assert.equal(byName.get('*')?.['connect_command'], undefined)
    },
  )

  peerTest('never redirects whoever is not signed in', [], async (scope) => {
    const rig = await startStock(scope)
    const asked = [
      {},
      { authorization: 'Bearer Pomerium-worthless' },
      { authorization: 'Bearer x' },
    ]
    for (const headers of asked)
      for (const accept of ['application/json', 'text/html', '*/*'])
        assert.equal((await get(rig, routesPath, { ...headers, accept })).status, 401)
    assert.equal((await get(rig, routesPath, await bearer(scope, rig, alice), 'POST')).status, 404)
  })

  peerTest('takes a token in a header alone, at any name', [], async (scope) => {
    const rig = await startStock(scope)
    const token = await signIn(scope, rig)
    const statusOf = async (headers: Record<string, string>, query = ''): Promise<number> =>
      (await get(rig, `${routesPath}${query}`, headers)).status
    assert.equal(await statusOf({ authorization: `Bearer Pomerium-${token}` }), 200)
    assert.equal(await statusOf({ authorization: `Pomerium ${token}` }), 200)
    assert.equal(await statusOf({ 'x-pomerium-authorization': token }), 200)
    assert.equal(await statusOf({ authorization: `Pomerium ${token}`, host: '127.0.0.1' }), 200)
    assert.equal(await statusOf({ cookie: `__Host-postern=${token}` }), 401)
    assert.equal(await statusOf({}, `?pomerium_session=${token}`), 401)
  })
})

describe('G11: /healthz', () => {
  peerTest('is 200 for any token, as "auth" of the client asks', [], async (scope) => {
    const rig = await startStock(scope)
    const all = [{}, { authorization: 'Bearer Pomerium-x' }, await bearer(scope, rig, alice)]
    for (const headers of all)
      for (const host of [`localhost:${rig.port}`, '127.0.0.1', target])
        assert.equal((await get(rig, '/healthz', { ...headers, host })).status, 200)
  })
})

async function bearer(
  scope: Scope,
  rig: GatewayRig,
  email: string,
): Promise<Record<string, string>> {
  const token = await signIn(scope, rig, { email })
  return { authorization: `Bearer Pomerium-${token}`, accept: 'application/json' }
}

async function listed(
  scope: Scope,
  rig: GatewayRig,
  email: string,
): Promise<readonly Record<string, unknown>[]> {
  const { status, headers, body } = await get(rig, routesPath, await bearer(scope, rig, email))
  assert.equal(status, 200)
  assert.match(String(headers['content-type']), /^application\/json/)
  return (JSON.parse(body) as { routes: Record<string, unknown>[] }).routes
}
