import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { ListedRoute } from '../../../client/routes/routes-answer.ts'
import { parseGatewayUrl } from '../../../reach/destination.ts'
import {
  connectionSettings,
  type ConnectionInput,
  type SavedConnection,
} from '../../wire/connection.ts'
import { planLoad, type LoadPlan, type LoadRequest } from './plan-load.ts'

const gateway = parseGatewayUrl('https://gate.corp')

function route(id: string, from: string, more: Partial<ListedRoute> = {}): ListedRoute {
  const plain = { type: 'tcp', description: '', connectCommand: '' }
  return { id, name: id, from: `tcp+https://${from}`, ...plain, ...more }
}

function saved(input: Partial<ConnectionInput> & { name: string }): SavedConnection {
  const settings = { destination: `${input.name}.corp:1`, gateway: gateway.origin, ...input }
  return { ...connectionSettings.parse(settings), id: `c-${input.name}` }
}

function plan(
  routes: readonly ListedRoute[],
  existing: readonly SavedConnection[] = [],
  more: Partial<LoadRequest> & { closed?: readonly ListedRoute[] } = {},
): LoadPlan {
  const closed = (more.closed ?? []).map((one) => ({ ...one, reasons: [], why: '', contact: '' }))
  const answer = { routes, closed, sessionExpiresAt: undefined }
  return planLoad({ gateway, answer, existing, reach: {}, tags: [], ...more })
}

/** What there is once a plan was carried out. */
function after(
  existing: readonly SavedConnection[],
  { add, replace, remove }: LoadPlan,
): SavedConnection[] {
  const kept = existing
    .filter(({ id }) => !remove.includes(id))
    .map((one) => ({ ...one, ...replace.get(one.id) }))
  return [...kept, ...add.map((one, index) => ({ ...one, id: `n-${existing.length}-${index}` }))]
}

const source = (id: string): string => `route:${gateway.origin}#${id}`

describe('connections of routes', () => {
  test('are one for each destination, and lead to the gateway', () => {
    const { add, answer } = plan(
      [
        route('db', 'db.corp:5432'),
        route('pair', 'other.corp:8443/a.corp:1/b.corp:2'),
        route('', 'x.corp:9', { name: '' }),
      ],
      [],
      { tags: ['corp'], reach: { ca_file: '/ca.pem' } },
    )
    assert.deepEqual(
      add.map(({ name, destination, gateway: at, source: from }) => [name, destination, at, from]),
      [
        ['db', 'db.corp:5432', 'https://gate.corp', source('db')],
        ['pair a.corp:1', 'a.corp:1', 'https://other.corp:8443', source('pair')],
        ['pair b.corp:2', 'b.corp:2', 'https://other.corp:8443', source('pair')],
        ['tcp+https://x.corp:9', 'x.corp:9', 'https://gate.corp', source('tcp+https://x.corp:9')],
      ],
    )
    assert.ok(add.every(({ tags, ca_file }) => tags[0] === 'corp' && ca_file === '/ca.pem'))
    assert.deepEqual([answer.format, answer.added.length], ['routes', 4])
  })

  test('cannot be made of stars, open ports and UDP, which are named; web pages are nobody’s loss', () => {
    const { add, answer } = plan([
      route('lab', '*.lab.corp:22'),
      route('any', 'any.corp'),
      route('dns', 'x', { type: 'udp', from: 'udp+https://dns.corp:53' }),
      route('wiki', 'x', { type: 'http', from: 'https://wiki.corp' }),
    ])
    assert.deepEqual(add, [])
    assert.deepEqual(
      answer.unsupported.map(({ name, why }) => `${name}: ${why.split(':')[0]}`),
      [
        'lab: it stands for many hosts',
        'any: it leaves the port open',
        'dns: UDP is not supported',
      ],
    )
  })

  test('follow their routes, and keep what the person set', () => {
    const existing = [
      saved({
        name: 'db',
        source: source('1'),
        listen: '127.0.0.1:5432',
        tags: ['mine'],
        start_at_launch: true,
        ca_cert: 'PEM',
      }),
      saved({ name: 'gone', source: source('2') }),
      saved({ name: 'elsewhere', source: 'route:https://other.corp#1' }),
      saved({ name: 'by hand' }),
    ]
    const routes = [route('1', 'db2.corp:5432', { name: 'orders' }), route('3', 'new.corp:1')]
    const { add, replace, remove, answer } = plan(routes, existing, { tags: ['corp'] })
    assert.deepEqual(replace.get('c-db'), {
      ...connectionSettings.parse({ name: 'orders', destination: 'db2.corp:5432' }),
      gateway: gateway.origin,
      source: source('1'),
      listen: '127.0.0.1:5432',
      tags: ['mine', 'corp'],
      start_at_launch: true,
      ca_cert: 'PEM',
    })
    assert.deepEqual([add.length, replace.size, remove], [1, 1, ['c-gone']])
    assert.deepEqual([answer.added, answer.updated, answer.removed], [['3'], ['orders'], ['gone']])
  })

  test('are those that name the remembered gateway, or lead to it by naming none', () => {
    const work = { name: 'work', url: gateway.origin, knownNames: [] }
    const existing = [
      saved({ name: 'db', gateway: 'work', source: 'portal-route-1' }),
      saved({ name: 'pg', gateway: undefined, destination: 'pg.corp:1' }),
    ]
    const routes = [route('1', 'db.corp:1', { name: 'db' }), route('2', 'pg.corp:1')]
    const remembered = { gateways: [work], defaultName: 'work' }
    const { add, replace, answer } = plan(routes, existing, { remembered })
    assert.deepEqual([add, answer.duplicates], [[], ['pg']])
    assert.deepEqual(
      [...replace.values()].map((one) => [one.gateway, one.source]),
      [['work', source('1')]],
    )
  })

  test('that did not change stay as they are, however they are written', () => {
    const written = {
      name: 'DB 2',
      destination: 'https://gate.corp/DB.corp:5432',
      source: source('db'),
    }
    const existing = [saved({ ...written, gateway: undefined }), saved({ name: 'db' })]
    const { add, replace, remove, answer } = plan([route('db', 'db.corp:5432')], existing)
    assert.deepEqual([add, replace.size, remove, answer.updated], [[], 0, [], []])
  })

  test('are not removed while their routes are closed to the person, or were not chosen', () => {
    const existing = [
      saved({ name: 'a', source: source('a') }),
      saved({ name: 'b', source: source('b') }),
    ]
    const { remove } = plan([route('a', 'a.corp:1'), route('c', 'c.corp:1')], existing, {
      closed: [route('b', 'b.corp:1')],
      chosen: ['c'],
    })
    assert.deepEqual(remove, [])
  })

  test('are made of those that were chosen alone, closed ones too; an id that is none is a fault', () => {
    const routes = [route('a', 'a.corp:1'), route('b', 'b.corp:1')]
    const closed = [route('c', 'c.corp:1')]
    assert.deepEqual(plan(routes, [], { closed }).answer.added, ['a', 'b'])
    assert.deepEqual(plan(routes, [], { closed, chosen: ['b', 'c'] }).answer.added, ['b', 'c'])
    const gone = [saved({ name: 'x', source: source('x') })]
    const { answer, add, remove } = plan(routes, gone, { chosen: ['a', 'z'] })
    assert.deepEqual([add, remove, answer.added, answer.removed], [[], [], [], []])
    assert.deepEqual(answer.faults[0]?.path, 'routes[1]')
  })

  test('of several destinations follow each of them', () => {
    const existing = [
      saved({ name: 'pair a.corp:1', destination: 'a.corp:1', source: source('p'), listen: ':1' }),
      saved({ name: 'pair b.corp:1', destination: 'b.corp:1', source: source('p'), listen: ':2' }),
    ]
    const names = (from: string): unknown[] =>
      after(existing, plan([route('p', from, { name: 'pair' })], existing)).map((one) => [
        one.destination,
        one.listen,
      ])
    assert.deepEqual(names('gate.corp/b.corp:1/a.corp:1'), [
      ['a.corp:1', ':1'],
      ['b.corp:1', ':2'],
    ])
    assert.deepEqual(names('gate.corp/a.corp:1/c.corp:1'), [
      ['a.corp:1', ':1'],
      ['c.corp:1', ':2'],
    ])
    assert.deepEqual(names('gate.corp/b.corp:1'), [['b.corp:1', ':2']])
  })

  test('of a route that has another id now, or that Pomerium Desktop made, are taken on', () => {
    for (const old of [source('old'), 'portal-route-old', 'portal-route-db']) {
      const existing = [
        saved({ name: 'db', destination: 'db.corp:5432', source: old, listen: ':1' }),
      ]
      const { add, replace, remove } = plan([route('db', 'db.corp:5432')], existing)
      assert.deepEqual([add, remove], [[], []], old)
      assert.deepEqual(
        [...replace.values()].map((one) => [one.source, one.listen]),
        [[source('db'), ':1']],
      )
    }
    const elsewhere = saved({ name: 'x', gateway: 'https://else.corp', source: 'portal-route-x' })
    assert.deepEqual(plan([], [elsewhere]).remove, [])
  })

  test('are not made a second time of what a person or a file has already', () => {
    const routes = [route('db', 'db.corp:5432'), route('ssh', 'ssh.corp:22')]
    const mine = saved({ name: 'mine', destination: 'db.corp:5432' })
    const others = [saved({ name: 'team', destination: 'ssh.corp:22' })]
    const { add, answer } = plan(routes, [mine], { others })
    assert.deepEqual([add, answer.duplicates], [[], ['mine', 'team']])
  })

  test('have names that nobody else has', () => {
    const others = [saved({ name: 'DB' })]
    const routes = [route('1', 'a.corp:1', { name: 'db' }), route('2', 'b.corp:1', { name: 'db' })]
    assert.deepEqual(plan(routes, [], { others }).answer.added, ['db 2', 'db 3'])
  })

  test('take a certificate authority that is said now, in place of another', () => {
    const existing = [saved({ name: 'a', source: source('a'), ca_file: '/old' })]
    const routes = [route('a', 'a.corp:1')]
    const [changed] = plan(routes, existing, { reach: { ca_cert: 'PEM' } }).replace.values()
    assert.deepEqual([changed?.ca_file, changed?.ca_cert], [undefined, 'PEM'])
    const same = { disable_tls_verification: false, ca_file: '/old' }
    assert.equal(plan(routes, existing, { reach: same }).replace.size, 0)
  })

  test('loads come to rest, whatever the routes were and are, and no name is there twice', () => {
    const host = fc.constantFrom(
      'a.corp:1',
      'b.corp:1',
      '*.x:1',
      'gate.corp/a.corp:1/c.corp:2',
      'd',
    )
    const name = fc.constantFrom('n', 'N', 'n 2', '')
    const any = fc.array(fc.tuple(fc.constantFrom('1', '2', '3', ''), host, name), { maxLength: 6 })
    const routesOf = (list: readonly (readonly [string, string, string])[]): ListedRoute[] =>
      list.map(([id, from, name]) => route(id, from, { name }))
    fc.assert(
      fc.property(any, any, (first, second) => {
        let now = after([], plan(routesOf(first)))
        // A number that is free again is taken by the next load.
        for (const _ of [...first, ...second, '']) {
          now = after(now, plan(routesOf(second), now))
          const keys = now.map((one) => one.name.toLowerCase())
          assert.equal(new Set(keys).size, keys.length)
        }
        const { add, replace, remove } = plan(routesOf(second), now)
        assert.deepEqual([add, [...replace], remove], [[], [], []])
      }),
      { numRuns: 300 },
    )
  })
})
