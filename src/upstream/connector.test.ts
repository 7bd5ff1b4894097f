import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { UpstreamError } from '../errors.ts'
import { createFakeClock, type FakeClock } from '../fake-clock.ts'
import { testRoute, testSession } from '../gateway/gateway.fixture.ts'
import type { Link } from '../links/link.ts'
import { createLinks } from '../links/register.ts'
import { createStreamAudit } from '../links/stream-audit.ts'
import type { ConnectorWay } from '../routes/upstream-way.ts'
import type { AuditEntry } from '../telemetry/audit-log.ts'
import { collectLog } from '../telemetry/log.fixture.ts'
import { isOffline, offeredPort } from './connector-presence.ts'
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

test('one of each connector is asked before a second of any, however busy it is', async () => {
  const asked: string[] = []
  const links = linksOf([
    link('a1', 'a', asked, { fails: 'connector-lost' }),
    link('a2', 'a', asked),
    link('b1', 'b', asked, { streams: 9, fails: 'connector-lost' }),
  ])
  await openBy(way, { links })
  assert.deepEqual(asked, ['a1', 'b1', 'a2'])
})

test('where only a connector that answers for itself is left, nobody is asked', async () => {
  const asked: string[] = []
  const links = linksOf([
    link('a1', 'a', asked, { fails: 'connector-no-rule' }),
    link('a2', 'a', asked),
  ])
  await assert.rejects(openBy(way, { links }), { code: 'upstream-unreachable' })
  assert.deepEqual(asked, ['a1'])
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

test('somebody who is signed in is told that no connector is there, or no tunnel', async () => {
  const session = testSession('s1', 'alice@example.com')
  const offline = openBy(way, { links: linksOf([]) }, { session })
  await assert.rejects(offline, {
    message: /cannot be reached: no connector of the tunnel "web" is connected$/,
  })
  await assert.rejects(openBy({ ...way, tunnel: undefined }, {}, { session }), {
    message: /cannot be reached: no tunnel has registered the name "db\.example\.com"$/,
  })
})

test('somebody who is signed in is told that no rule of the connector serves what they asked for', async () => {
  const session = testSession('s1', 'alice@example.com')
  for (const fails of ['connector-no-rule', 'connector-not-served']) {
    const links = (): ReturnType<typeof linksOf> => linksOf([link('a', 'c1', [], { fails })])
    await assert.rejects(openBy(way, { links: links() }, { session }), {
      message: /cannot be reached: no rule of its connector serves it$/,
      hint: /^trying again changes nothing: tell /,
    })
    await assert.rejects(openBy(way, { links: links() }), {
      message: /cannot be reached$/,
      hint: /^it may be down/,
    })
  }
})

test('a connection that gives no sign of life is left for another one after two seconds', async () => {
  const [asked, clock]: [string[], FakeClock] = [[], createFakeClock()]
  const links = linksOf([
    link('dead', 'c1', asked, { isHanging: true }),
    link('b', 'c1', asked, { streams: 1 }),
  ])
  const opening = openBy(way, { links, clock })
  clock.advance(1_999)
  assert.deepEqual(asked, ['dead'])
  clock.advance(1)
  const { stream } = await opening
  stream.destroy()
  assert.deepEqual(asked, ['dead', 'b'])
  assert.equal(clock.pending, 0)
})

test('one that was silent when it was asked is tried last, as long as nothing comes', async () => {
  const asked: string[] = []
  const silent = link('silent', 'c1', asked)
  const links = linksOf([silent, link('b', 'c1', asked, { streams: 1 })])

  for (const isSilent of [true, false]) {
    Object.assign(silent, { isSilent })
    const { stream } = await openBy(way, { links })
    stream.destroy()
  }
  assert.deepEqual(asked, ['b', 'silent'])
})

test('where one of a connector was silent its others are tried last, each until it gives a sign', async () => {
  const [asked, clock]: [string[], FakeClock] = [[], createFakeClock()]
  const a1 = link('a1', 'a', asked, { isHanging: true })
  let isBack = false
  const a2 = link('a2', 'a', asked, { streams: 1, isThere: () => isBack })
  const links = linksOf([a1, a2, link('b1', 'b', asked, { streams: 5 })])
  const open = async (): Promise<readonly string[]> => {
    asked.length = 0
    const opening = openBy(way, { links, clock })
    clock.advance(2_000)
    const { stream } = await opening
    stream.destroy()
    return [...asked]
  }
  assert.deepEqual(await open(), ['a1', 'b1'])
  assert.deepEqual(await open(), ['b1'])
  isBack = true
  assert.deepEqual(await open(), ['a2'])
})

test('a connector that does not answer is left for another one after ten seconds, and comes last then', async () => {
  const [asked, clock]: [string[], FakeClock] = [[], createFakeClock()]
  const mute = { isHanging: true, isThere: () => true }
  const links = linksOf(
    [
      link('a1', 'a', asked, mute),
      link('a2', 'a', asked, { ...mute, streams: 1 }),
      link('b1', 'b', asked, { streams: 5 }),
    ],
    clock,
  )
  const opening = openBy(way, { links, clock })
  clock.advance(9_999)
  assert.deepEqual(asked, ['a1'])
  clock.advance(1)
  const opened = [(await opening).stream]
  assert.deepEqual(asked.splice(0), ['a1', 'b1'])
  opened.push((await openBy(way, { links, clock })).stream)
  assert.deepEqual(asked.splice(0), ['b1'])
  clock.advance(30_000)
  void openBy(way, { links, clock }).catch(() => undefined)
  assert.deepEqual(asked, ['a1'])
  for (const stream of opened) stream.destroy()
})

test('where no connector answers, the last one is waited for, and the first is asked once more', async () => {
  const [asked, clock]: [string[], FakeClock] = [[], createFakeClock()]
  const lost = Promise.withResolvers<void>()
  const mute = { isHanging: true, isThere: () => true }
  const links = linksOf(
    [
      link('a1', 'a', asked, mute),
      link('a2', 'a', asked, { ...mute, streams: 1 }),
      link('b1', 'b', asked, { ...mute, streams: 2, lost: lost.promise }),
    ],
    clock,
  )
  const given = new AbortController()
  const opening = openBy(way, { links, clock }, { signal: given.signal })
  clock.advance(10_000)
  await nextTurn()
  clock.advance(60_000)
  await nextTurn()
  assert.deepEqual(asked, ['a1', 'b1'])
  lost.resolve()
  await nextTurn()
  assert.deepEqual(asked, ['a1', 'b1', 'a1'])
  given.abort()
  await assert.rejects(opening)
})

test('one that gives a sign is waited for, and so is a silent one beside which there is no other', async () => {
  for (const [first, others] of [
    [{ isHanging: true, isThere: () => true }, 1],
    [{ isHanging: true }, 0],
  ] as const) {
    const [asked, clock]: [string[], FakeClock] = [[], createFakeClock()]
    const links = linksOf([
      link('a', 'c1', asked, first),
      ...Array.from({ length: others }, () => link('b', 'c1', asked, { streams: 1 })),
    ])
    const given = new AbortController()
    const opening = openBy(way, { links, clock }, { signal: given.signal })
    clock.advance(60_000)
    assert.deepEqual(asked, ['a'])
    given.abort()
    await assert.rejects(opening)
  }
})

test('two silent ones are left, the third is waited for, and the first is asked once more', async () => {
  const [asked, clock]: [string[], FakeClock] = [[], createFakeClock()]
  const third = Promise.withResolvers<void>()
  const links = linksOf([
    link('a', 'c1', asked, { isHanging: true }),
    link('b', 'c1', asked, { isHanging: true, streams: 1 }),
    link('c', 'c1', asked, { isHanging: true, streams: 2, lost: third.promise }),
  ])
  const given = new AbortController()
  const opening = openBy(way, { links, clock }, { signal: given.signal })
  for (const names of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    assert.deepEqual(asked, names)
    clock.advance(2_000)
    await nextTurn()
  }
  assert.deepEqual(asked, ['a', 'b', 'c'])
  third.resolve()
  await nextTurn()
  assert.deepEqual(asked, ['a', 'b', 'c', 'a'])
  given.abort()
  await assert.rejects(opening)
})

test('a route is offline without a connector, and not where nobody can know', () => {
  const [none, one] = [linksOf([]), linksOf([link('a', 'c1', [])])]
  const draining = linksOf([{ ...link('a', 'c1', []), isReady: false }])
  const [from, wildcard] = ['tcp+https://db.site.com:443', 'tcp+https://*.site.com:443']
  assert.deepEqual(
    [none, one, draining].map((links) => isOffline({ way, from }, links)),
    [true, false, false],
  )
  assert.ok(isOffline({ way, from: wildcard }, none), 'its tunnel is named')
  const registered: ConnectorWay = { ...way, tunnel: undefined }
  assert.ok(isOffline({ way: registered, from }, none))
  assert.ok(!isOffline({ way: registered, from: wildcard }, none))
  const direct = testRoute(from, [1])
  assert.ok(!isOffline(direct, none))
})

test('a service has the port that the rules of its connector name for the host, where one says so', () => {
  const serving = (services: Link['services']): ReturnType<typeof linksOf> =>
    linksOf([{ ...link('a', 'c1', []), services }])
  const rules = serving([
    { hostname: 'ssh.site.com', service: 'ssh://localhost' },
    { hostname: '*.db.site.com', service: 'tcp://db.internal:5432' },
    { hostname: undefined, service: 'http_status:404' },
  ])
  const portOf = (host: string, links = rules, more: object = {}): number | undefined =>
    offeredPort({ way: { ...way, ...more }, from: `tcp+https://${host}:443` }, links)
  assert.equal(portOf('ssh.site.com'), 22)
  assert.equal(portOf('a.db.site.com'), 5432)
  assert.equal(portOf('web.site.com'), undefined)
  assert.equal(portOf('*.site.com'), undefined, 'each name may have another')
  assert.equal(portOf('ssh.site.com', rules, { isBastion: true }), undefined)
  assert.equal(portOf('ssh.site.com', linksOf([])), undefined)
  assert.equal(portOf('ssh.site.com', serving(undefined)), undefined)
})

interface LinkOptions {
  readonly streams?: number
  /** The code of the error by which it opens no stream. */
  readonly fails?: string
  /** Called before it fails. */
  readonly failing?: () => void
  /** It opens nothing and says nothing, until `lost`. */
  readonly isHanging?: boolean
  readonly lost?: Promise<void>
  /** Whether it gives a sign of life when it is asked. */
  readonly isThere?: () => boolean
}

function linksOf(all: readonly Link[], clock: FakeClock = createFakeClock()) {
  const find = () => ({ ...named })
  const links = createLinks({ namedTunnels: { find, byHostname: find }, clock })
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
  { streams = 0, fails, failing, isHanging = false, lost, isThere = () => false }: LinkOptions = {},
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
    probe: () => isThere,
    openStream(_request, signal) {
      asked.push(id)
      if (isHanging) return hang(signal, lost)
      failing?.()
      if (fails === undefined) return Promise.resolve(new PassThrough())
      return Promise.reject(new UpstreamError(fails, fails))
    },
    end: () => undefined,
    drain: () => undefined,
  }
}

async function hang(signal: AbortSignal, lost?: Promise<void>): Promise<never> {
  await Promise.race([once(signal, 'abort'), lost ?? new Promise<never>(() => undefined)])
  throw new UpstreamError(signal.aborted ? 'connector-cancelled' : 'connector-lost', '')
}
