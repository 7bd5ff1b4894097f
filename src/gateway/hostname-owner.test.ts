import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NamedTunnel } from '../publish/named-tunnels.ts'
import type { Site } from '../publish/site.ts'
import type { Route } from '../routes/route.ts'
import { createRouteTable } from '../routes/table.ts'
import type { UpstreamWay } from '../routes/upstream-way.ts'
import { testRoute } from './gateway.fixture.ts'
import { hostnameOwner, isMeantElsewhere } from './hostname-owner.ts'

const web: NamedTunnel = {
  id: '0d3f8f3e-5b0e-4a56-9f5c-3b6d3f0f2a11',
  name: 'Web',
  site: 'site.com',
  createdBy: 'alice@example.com',
  createdAtMs: 0,
  hostnames: [],
  services: undefined,
}
const toward = (tunnel?: string): UpstreamWay => ({ kind: 'connector', tunnel, service: undefined })

/** Routes of these authorities, each with what differs from a direct one. */
function ownerOf(host: string, routes: Readonly<Record<string, Partial<Route>>>) {
  const table = createRouteTable(
    Object.entries(routes).map(([authority, change]) =>
      testRoute(`tcp+https://${authority}`, [1], undefined, change),
    ),
  )
  return hostnameOwner(table, 'gw.site.com', host, web)
}

test('the name of the gateway itself is its own', () => {
  assert.equal(ownerOf('gw.site.com', {}), 'gateway')
  assert.equal(ownerOf('tcp.site.com', {}), undefined)
})

test('a name of a route is the route’s, on whichever port and by whichever pattern', () => {
  assert.equal(ownerOf('ssh.site.com', { 'ssh.site.com:22': {} }), 'route')
  assert.equal(ownerOf('ssh.site.com', { 'ssh.site.com': {} }), 'route')
  assert.equal(ownerOf('ssh.site.com', { '*.site.com:22': {} }), 'route')
  assert.equal(ownerOf('tcp.site.com', { 'ssh.site.com:22': {} }), undefined)
})

test('a route or application toward whoever has the name, or toward this tunnel, leaves it free', () => {
  const names = [undefined, 'web', 'WEB', web.id]
  for (const tunnel of names)
    for (const isApplication of [true, false])
      assert.equal(
        ownerOf('tcp.site.com', { 'tcp.site.com:443': { way: toward(tunnel), isApplication } }),
        undefined,
      )
})

test('one toward another tunnel or service has it, and its kind alone is told', () => {
  const other = { way: toward('other') }
  assert.equal(ownerOf('tcp.site.com', { 'tcp.site.com:443': other }), 'route')
  assert.equal(
    ownerOf('tcp.site.com', { 'tcp.site.com:443': { ...other, isApplication: true } }),
    'application',
  )
  // One that is free beside one that is not.
  const both = { 'tcp.site.com:443': { way: toward() }, 'tcp.site.com:22': {} }
  assert.equal(ownerOf('tcp.site.com', both), 'route')
})

test('a tunnel that a route names for another site is that site’s to make', () => {
  const sites = ['site.com', 'in.site.com', 'lab.com'].map((name) => ({ name }) as Site)
  const meant = (site: string, ...hosts: readonly string[]): boolean => {
    const routes = hosts.map((host) =>
      testRoute(`tcp+https://${host}:443`, [1], undefined, { way: toward('WEB') }),
    )
    return isMeantElsewhere(createRouteTable(routes), sites, { name: web.name, site })
  }
  assert.equal(meant('site.com', 'tcp.site.com', 'db.corp'), false)
  assert.equal(meant('lab.com', 'tcp.site.com'), true)
  assert.equal(meant('lab.com', '*.site.com'), true)
  assert.equal(meant('site.com', 'tcp.in.site.com'), true)
  assert.equal(meant('lab.com', 'db.corp'), false)
  const other = testRoute('tcp+https://tcp.site.com:443', [1], undefined, { way: toward('db') })
  const lab = { name: 'web', site: 'lab.com' }
  assert.equal(isMeantElsewhere(createRouteTable([other]), sites, lab), false)
})
