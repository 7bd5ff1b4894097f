import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Site } from '../publish/site.ts'
import { foreignTunnels } from './foreign-tunnels.ts'

const sites = ['site.com', 'in.site.com', 'lab.com'].map((name) => ({ name }) as Site)
const lab = { id: 'an-id', name: 'Lab', site: 'lab.com' }
const tunnels = {
  find: (nameOrId: string) =>
    ['lab', lab.id].includes(nameOrId.toLowerCase())
      ? { ...lab, createdBy: '', createdAtMs: 0, hostnames: [], services: undefined }
      : undefined,
}
const to = (host: string, tunnel: string | undefined) => ({
  from: `tcp+https://${host}:22`,
  way: { kind: 'connector' as const, tunnel, service: undefined },
})

test('a route is told whose host is in one site and its tunnel in another, by name or id', () => {
  const routes = [
    to('db.site.com', 'lab'),
    to('*.in.site.com', lab.id),
    to('db.lab.com', 'LAB'),
    to('db.elsewhere.org', 'lab'),
    to('other.site.com', 'unknown'),
    to('third.site.com', undefined),
  ]
  assert.deepEqual(foreignTunnels(routes, sites, tunnels), [
    { host: 'db.site.com', site: 'site.com', tunnel: 'Lab', tunnelSite: 'lab.com' },
    { host: '*.in.site.com', site: 'in.site.com', tunnel: 'Lab', tunnelSite: 'lab.com' },
  ])
})
