import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { UpstreamError } from '../errors.ts'
import type { Link } from '../links/link.ts'
import { createLinks } from '../links/register.ts'
import { createStreamAudit } from '../links/stream-audit.ts'
import type { ConnectorWay } from '../routes/upstream-way.ts'
import type { AuditEntry } from '../telemetry/audit-log.ts'
import { collectLog } from '../telemetry/log.fixture.ts'
import { openBy } from './upstream.fixture.ts'

const way: ConnectorWay = { kind: 'connector', tunnel: 'web', service: undefined }

test('the least busy connection is asked, and its connector known to the tunnel', async () => {
  const asked: string[] = []
  const links = linksOf([
    link('a', 'c1', asked, { streams: 2 }),
    link('b', 'c1', asked, { streams: 1 }),
  ])
  const { destination } = await openBy(way, { links })
  assert.deepEqual(asked, ['b'])
  assert.deepEqual(destination.connector, { tunnelId: 'id-web', connectorId: 'c1' })
  assert.ok(destination.isReachedBy(way, way))
  assert.ok(!destination.isReachedBy({ ...way, tunnel: 'other' }, way))
  assert.ok(!destination.isReachedBy({ ...way, service: { host: 'db', port: 1 } }, way))
})

test('a lost connection is followed by another one of the same connector', async () => {
  const asked: string[] = []
  const links = linksOf([
    link('a', 'c1', asked, { fails: 'connector-lost' }),
    link('b', 'c1', asked, { streams: 1 }),
  ])
  await openBy(way, { links })
  assert.deepEqual(asked, ['a', 'b'])
})

test('a connector that answers for itself is not asked again, and another one is', async () => {
  const asked: string[] = []
  const links = linksOf([
    link('a1', 'a', asked, { fails: 'connector-origin-unreachable' }),
    link('a2', 'a', asked, { fails: 'connector-origin-unreachable' }),
    link('b1', 'b', asked, { streams: 9 }),
  ])
  await openBy(way, { links })
  assert.deepEqual(asked, ['a1', 'b1'])
})

test('one that has begun to drain since is passed over', async () => {
  const asked: string[] = []
  const draining = link('b', 'c2', asked, { streams: 1 })
  const links = linksOf([
    link('a', 'c1', asked, {
      fails: 'connector-lost',
      failing: () => Object.assign(draining, { isReady: false }),
    }),
    draining,
    link('c', 'c3', asked, { streams: 2 }),
  ])
  await openBy(way, { links })
  assert.deepEqual(asked, ['a', 'c'])
})

test('each connector that is asked leaves an audit entry first, by the id of the request', async () => {
  const seen: string[] = []
  const entries: AuditEntry[] = []
  const record = (entry: AuditEntry): void => {
    entries.push(entry)
    seen.push(`entry ${String(entry.details?.['connector-id'])}`)
  }
  const links = linksOf([
    link('a', 'c1', seen, { fails: 'connector-origin-unreachable' }),
    link('b', 'c2', seen, { streams: 1 }),
  ])
  const onAttempt = createStreamAudit({ record }, collectLog().log.service('connectors'))
  const { stream } = await openBy(way, { links, onAttempt })
  stream.destroy()
  assert.deepEqual(seen, ['entry c1', 'a', 'entry c2', 'b'])
  const [first] = entries
  assert.deepEqual(
    [first?.kind, first?.event, first?.requestId, first?.details?.['tunnel-id']],
    ['decision', 'stream granted', 'r1', 'id-web'],
  )
})

test('after four failures nobody is asked any more, and the log has every reason', async () => {
  const asked: string[] = []
  const links = linksOf(
    Array.from({ length: 9 }, (_, index) =>
      link(`l${index}`, `c${index}`, asked, { fails: 'connector-timeout' }),
    ),
  )
  await assert.rejects(openBy(way, { links }), (error: Error) => {
    assert.ok(error instanceof UpstreamError)
    assert.equal(error.code, 'upstream-unreachable')
    assert.equal(String(error.cause).match(/connector-timeout/g)?.length, 4)
    return true
  })
  assert.equal(asked.length, 4)
})

test('after half a minute no further connection is tried', async (t) => {
  const asked: string[] = []
  let nowMs = 0
  t.mock.method(performance, 'now', () => nowMs)
  const failing = (): void => void (nowMs += 16_000)
  const links = linksOf(
    ['a', 'b', 'c', 'd'].map((id) => link(id, id, asked, { fails: 'connector-timeout', failing })),
  )
  await assert.rejects(openBy(way, { links }), { code: 'upstream-unreachable' })
  assert.deepEqual(asked, ['a', 'b'])
})

test('without a connector the log names the tunnel, and a stranger is told nothing of it', async () => {
  await assert.rejects(openBy(way, { links: linksOf([]) }), (error: Error) => {
    assert.match(String(error.cause), /no connector of the tunnel "web" is connected/)
    assert.doesNotMatch(error.message, /tunnel/)
    return true
  })
})

interface LinkOptions {
  readonly streams?: number
  /** The code of the error by which it opens no stream. */
  readonly fails?: string
  /** Called before it fails. */
  readonly failing?: () => void
}

function linksOf(all: readonly Link[]) {
  const find = () => ({ ...named })
  const links = createLinks({ namedTunnels: { find, byHostname: find } })
  for (const each of all) links.add(each)
  return links
}

const named = {
  id: 'id-web',
  name: 'web',
  site: 'site.com',
  createdBy: '',
  createdAtMs: 0,
  hostnames: [],
  services: undefined,
}

function link(
  id: string,
  connectorId: string,
  asked: string[],
  { streams = 0, fails, failing }: LinkOptions = {},
): Link {
  return {
    id,
    connectorId,
    connIndex: asked.length,
    tunnelId: 'id-web',
    dialect: 'postern',
    version: '',
    arch: '',
    ip: '192.0.2.1',
    sinceMs: 0,
    services: undefined,
    streams,
    isReady: true,
    openStream() {
      asked.push(id)
      failing?.()
      if (fails === undefined) return Promise.resolve(new PassThrough())
      return Promise.reject(new UpstreamError(fails, fails))
    },
    end: () => undefined,
    drain: () => undefined,
  }
}
