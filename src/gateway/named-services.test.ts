import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostsToward, namedServicesOf } from './named-services.ts'

const web = { id: 'an-id', name: 'Web' }
const to = (host: string, tunnel: string | undefined, service?: string) => ({
  from: `tcp+https://${host}:22`,
  way: {
    kind: 'connector' as const,
    tunnel,
    service: service === undefined ? undefined : { host: service, port: 1 },
  },
})

test('services that routes to a tunnel name by name are found, by its name or id, and no address', () => {
  const routes = [
    to('a.site.com', 'web', 'db.corp'),
    to('b.site.com', 'an-id', 'db.corp'),
    to('c.site.com', 'web', '10.0.0.1'),
    to('d.site.com', 'web', '2001:db8::1'),
    to('e.site.com', 'web'),
    to('f.site.com', 'other', 'db.corp'),
    to('g.site.com', undefined, 'db.corp'),
  ]
  assert.deepEqual(
    namedServicesOf(routes, web).map(({ hostname }) => hostname),
    ['a.site.com', 'b.site.com'],
  )
  assert.deepEqual(hostsToward([...routes, to('a.site.com', 'WEB')], web), [
    'a.site.com',
    'b.site.com',
    'c.site.com',
    'd.site.com',
    'e.site.com',
  ])
})
