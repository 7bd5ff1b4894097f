import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Role } from '../access/administrators.ts'
import { emptyFile } from '../catalog/catalog.fixture.ts'
import { openCatalog } from '../catalog/catalog.ts'
import type { FileAccess } from '../catalog/file-access.ts'
import { ConfigError } from '../errors.ts'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { buildRoute } from '../routes/open-route.ts'
import { parseRoute } from '../routes/parse-route.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { ConflictError } from './conflict.ts'
import { createTestOperations, testActor, testSession, testTunnel } from './operations.fixture.ts'

const db = { from: 'tcp+https://db.example.com:5432', to: 'tcp://10.0.0.1:5432', policy: [] }
const ada = testActor(testSession('s-ada', 'ada@example.com'))
const bob = testActor(testSession('s-bob', 'bob@example.com'))

/** A file with one route, which has a private key in it. */
function fileWithKey(): FileAccess {
  const plain = {
    id: 'next',
    from: 'tcp+https://next.example.com:1',
    to: 'tcp://10.0.0.9:1',
    policy: [],
  }
  const { checked } = parseRoute(plain, { clientCertificates: 'none' })
  assert.ok(checked)
  const definition = { ...checked.definition, tls_client_key: 'c2VjcmV0LWtleQ==', tags: ['edge'] }
  return {
    ...emptyFile,
    routes: [buildRoute(checked)],
    fileRoutes: [{ id: 'next', place: 'postern.yaml:7', definition, isDisabled: false }],
    identityProviders: [{ id: 'default' }],
    administrators: { namespaces: [{ name: 'databases' }, { name: 'web' }] },
  }
}

async function open(
  t: TestContext,
  roles: Readonly<Record<string, Role>> = {},
  file = fileWithKey(),
) {
  const store: Store = await openSqliteStore(':memory:')
  const catalog = await openCatalog({
    store,
    clock: createFakeClock(),
    logger: silentLogger,
    file,
  })
  t.after(async () => {
    await catalog[Symbol.asyncDispose]()
    await store.close()
  })
  const made = createTestOperations({
    catalog,
    tunnels: [testTunnel('t1', undefined, { id: 'db', name: 'db' })],
    roleOf: ({ session }) => roles[session?.email ?? ''] ?? { role: 'admin' },
  })
  return { ...made, catalog, store }
}

/** What a record of one change, or of several, has. */
interface KeptChange {
  readonly 'route-id'?: string
  readonly documents?: readonly Readonly<Record<string, unknown>>[]
}

async function rejection(work: Promise<unknown>): Promise<Error & { code?: string }> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(outcome instanceof Error)
  return outcome
}

describe('operations on routes', () => {
  test('make, show, change, disable, delete and bring back one', async (t) => {
    const { operations: o } = await open(t)
    const made = await o.createRoute(ada, { definition: { ...db, id: 'db' }, tags: ['prod'] })
    const { revision, updated_by, in_use, tunnels, tags, source } = made
    assert.deepEqual(
      { revision, updated_by, in_use, tunnels, tags, source },
      {
        revision: 1,
        updated_by: 'ada@example.com',
        in_use: true,
        tunnels: 1,
        tags: ['prod'],
        source: { kind: 'store' },
      },
    )
    const moved = { ...made.definition, to: 'tcp://10.0.0.2:5432' }
    const changed = await o.updateRoute(bob, 'db', {
      definition: moved,
      revision: 1,
      note: 'moved',
    })
    assert.deepEqual(
      [changed.to, changed.revision, changed.tags],
      [['tcp://10.0.0.2:5432'], 2, ['prod']],
    )
    const documents = [{ id: 'db', revision: 2 }]
    assert.deepEqual(await o.changeRoutes(ada, { action: 'disable', documents }), {
      changed: ['db'],
    })
    const off = await o.getRoute(ada, 'db')
    assert.deepEqual([off.in_use, off.disabled, off.tunnels], [false, true, 0])
    await o.deleteRoute(ada, 'db', { revision: 3 })
    assert.equal((await rejection(o.getRoute(ada, 'db'))).code, 'route-not-found')
    const { items } = await o.listRouteHistory(ada, 'db')
    assert.deepEqual(
      items.map(({ change, by, note }) => [change, by, note]),
      [
        ['deleted', 'ada@example.com', ''],
        ['disabled', 'ada@example.com', ''],
        ['updated', 'bob@example.com', 'moved'],
        ['created', 'ada@example.com', ''],
      ],
    )
    const back = await o.restoreRoute(ada, 'db', { to: 1, revision: null })
    assert.deepEqual([back.to, back.in_use], [['tcp://10.0.0.1:5432'], true])
    assert.equal(
      (await rejection(o.restoreRoute(ada, 'db', { to: 4, revision: 5 }))).code,
      'form-not-found',
    )
  })

  test('name one that has no id after its from, and the same again is refused', async (t) => {
    const { operations: o } = await open(t)
    assert.equal((await o.checkRoute(ada, { definition: db })).id, 'db.example.com-5432')
    assert.equal((await o.createRoute(ada, { definition: db })).id, 'db.example.com-5432')
    assert.equal((await rejection(o.createRoute(ada, { definition: db }))).code, 'route-exists')
    const checked = await o.checkRoute(ada, { definition: db })
    assert.equal(checked.problems.length, 1)
    const wild = await o.createRoute(ada, {
      definition: { ...db, from: 'tcp+https://*.db.example.com:5432' },
    })
    assert.match(wild.id, /^route-[0-9a-f]{12}$/)
  })

  test('tell the second of two what it is now, and keep what the first wrote', async (t) => {
    const { operations: o } = await open(t)
    const { definition } = await o.createRoute(ada, { definition: { ...db, id: 'db' } })
    const edit = (description: string) =>
      o.updateRoute(ada, 'db', { definition: { ...definition, description }, revision: 1 })
    const [first, second] = await Promise.allSettled([edit('one'), edit('two')])
    assert.equal(first.status, 'fulfilled')
    assert.ok(second.status === 'rejected' && second.reason instanceof ConflictError)
    const current = second.reason.current as { revision: number; description: string }
    assert.deepEqual([current.revision, current.description], [2, 'one'])
    for (const late of [
      edit('three'),
      o.deleteRoute(ada, 'db', { revision: 1 }),
      o.changeRoutes(ada, { action: 'tag', tags: ['x'], documents: [{ id: 'db', revision: 1 }] }),
      o.restoreRoute(ada, 'db', { to: 1, revision: 1 }),
    ])
      assert.ok((await rejection(late)) instanceof ConflictError)
    assert.equal((await o.getRoute(ada, 'db')).description, 'one')
  })

  test('show those of the file with their place, without secrets, and change none of them', async (t) => {
    const { operations: o } = await open(t)
    const next = await o.getRoute(ada, 'next')
    assert.deepEqual(next.source, { kind: 'file', place: 'postern.yaml:7' })
    assert.deepEqual([next.hidden, next.tags, next.revision], [['tls_client_key'], ['edge'], null])
    const all = JSON.stringify([
      next,
      await o.listRoutes(ada),
      await o.exportAccess(ada, { source: 'all' }),
    ])
    assert.doesNotMatch(all, /c2VjcmV0/)
    const refused = await rejection(o.updateRoute(ada, 'next', { definition: db, revision: 1 }))
    assert.deepEqual(
      [refused.code, refused.message],
      ['route-in-file', 'the route "next" is in the configuration file: postern.yaml:7'],
    )
  })

  test('tell every fault at its place in the definition', async (t) => {
    const { operations: o } = await open(t)
    const wrong = { ...db, policy: [{ allow: { or: [{ emial: 'x' }] } }], timeout: 9, id: 'db' }
    const error = await rejection(o.createRoute(ada, { definition: wrong }))
    assert.ok(error instanceof ConfigError)
    const paths = ['timeout', 'policy[0].allow.or[0].emial']
    assert.deepEqual(error.problems.map(({ path }) => path).toSorted(), paths.toSorted())
    const checked = await o.checkRoute(ada, { definition: wrong })
    assert.deepEqual(checked.problems.map(({ path }) => path).toSorted(), paths.toSorted())
  })

  test('list by text, tag, policy and state, a page at a time', async (t) => {
    const { operations: o } = await open(t)
    await o.createPolicy(ada, { definition: { name: 'staff', policy: [] } })
    for (const name of ['a', 'b', 'c'])
      await o.createRoute(ada, {
        definition: {
          ...db,
          id: name,
          from: `tcp+https://${name}.example.com:1`,
          policy_names: ['staff'],
        },
        tags: name === 'b' ? ['prod'] : [],
        disabled: name === 'c',
      })
    const ids = async (query: object) => {
      const { items, total } = await o.listRoutes(ada, query)
      return [items.map(({ id }) => id), total]
    }
    assert.deepEqual(await ids({}), [['next', 'a', 'b', 'c'], 4])
    assert.deepEqual(await ids({ tag: 'prod' }), [['b'], 1])
    assert.deepEqual(await ids({ policy: 'staff', state: 'in-use' }), [['a', 'b'], 2])
    assert.deepEqual(await ids({ q: 'C.Example' }), [['c'], 1])
    assert.deepEqual(await ids({ source: 'file' }), [['next'], 1])
    const first = await o.listRoutes(ada, { limit: 2 })
    assert.equal(first.items.length, 2)
    await o.deleteRoute(ada, 'a', { revision: 2 })
    assert.deepEqual(await ids({ limit: 2, cursor: first.next_cursor ?? '' }), [['b', 'c'], 3])
    const last = await o.listRoutes(ada, { limit: 3 })
    assert.equal(last.next_cursor, null)
  })

  test('change several at once, or none of them', async (t) => {
    const { operations: o, kept } = await open(t)
    for (const id of ['a', 'b'])
      await o.createRoute(ada, {
        definition: { ...db, id, from: `tcp+https://${id}.example.com:1` },
      })
    const bulk = (
      action: 'tag' | 'untag' | 'delete',
      revisions: readonly number[],
      tags?: string[],
    ) =>
      o.changeRoutes(ada, {
        action,
        documents: ['a', 'b'].map((id, index) => ({ id, revision: revisions[index] ?? 0 })),
        ...(tags === undefined ? {} : { tags }),
      })
    assert.ok((await rejection(bulk('delete', [1, 9]))) instanceof ConflictError)
    assert.deepEqual(await bulk('tag', [1, 2], ['x']), { changed: ['a', 'b'] })
    assert.deepEqual(await bulk('tag', [3, 4], ['x']), { changed: [] })
    assert.deepEqual((await o.getRoute(ada, 'a')).tags, ['x'])
    await bulk('delete', [3, 4])
    const records = (await kept()).filter((line) => line.includes('"routes changed"'))
    assert.equal(records.length, 2)
    assert.match(records[1] ?? '', /"documents":\["deleted route a","deleted route b"\]/)
  })

  test('change nothing for whoever names one twice', async (t) => {
    const { operations: o, kept } = await open(t)
    const { revision } = await o.createRoute(ada, { definition: { ...db, id: 'a' } })
    const twice = { id: 'a', revision: revision ?? 0 }
    const documents = [twice, twice]
    for (const action of ['tag', 'delete'] as const) {
      const error = await rejection(o.changeRoutes(ada, { action, documents, tags: ['x'] }))
      assert.equal(error.code, 'malformed-request')
      assert.match(error.message, /the route "a" is named twice/)
    }
    assert.deepEqual((await o.getRoute(ada, 'a')).revision, revision)
    assert.equal((await o.listRouteHistory(ada, 'a')).items.length, 1)
    assert.equal((await kept()).length, 1)
    const changes = [true, false].map((disabled) => ({ kind: 'route', id: 'a', disabled }) as const)
    assert.equal((await rejection(o.reach(ada, { changes }))).code, 'malformed-request')
  })

  test('leave for several at once one record of all, and one of each with before and after', async (t) => {
    const { operations: o, kept, happened } = await open(t)
    const definitions = new Map<string, object>()
    for (const id of ['a', 'b']) {
      const from = `tcp+https://${id}.example.com:1`
      definitions.set(
        id,
        (await o.createRoute(ada, { definition: { ...db, id, from } })).definition,
      )
    }
    const said = happened.length
    const documents = [
      { id: 'a', revision: 1 },
      { id: 'b', revision: 2 },
    ]
    await o.changeRoutes(ada, { action: 'tag', tags: ['x'], documents, note: 'n' })
    const records = (await kept())
      .slice(2)
      .map((line) => JSON.parse(line) as Record<string, string>)
    assert.deepEqual(
      records.map((it) => [it['event'], it['route-id'], it['by-email'], it['request-id']]),
      [
        ['routes changed', undefined, 'ada@example.com', 'r1'],
        ['route tagged', 'a', 'ada@example.com', 'r1'],
        ['route tagged', 'b', 'ada@example.com', 'r1'],
      ],
    )
    for (const { 'route-id': id = '', before = '', after = '' } of records.slice(1)) {
      assert.deepEqual(JSON.parse(before), definitions.get(id))
      assert.deepEqual(JSON.parse(after), { ...definitions.get(id), tags: ['x'] })
    }
    assert.deepEqual(happened.slice(said), ['said routes changed'])
  })

  test('leave the hashes of what is too much for the audit log, so that it proves that as well', async (t) => {
    const { operations: o, kept } = await open(t)
    const ids = Array.from({ length: 60 }, (_, index) => `r${index}`)
    const documents: { id: string; revision: number }[] = []
    let last: object = {}
    for (const id of ids) {
      const long = {
        ...db,
        id,
        from: `tcp+https://${id}.example.com:1`,
        description: 'é'.repeat(9_000),
      }
      const { definition, revision } = await o.createRoute(ada, { definition: long })
      documents.push({ id, revision: revision ?? 0 })
      last = definition
    }
    const before = (await kept()).length
    await o.changeRoutes(ada, { action: 'tag', tags: ['x'], documents })
    const records = (await kept()).slice(before + 1).map((line) => JSON.parse(line) as KeptChange)
    const hashed = records.flatMap((it) => it.documents ?? [])
    const whole = records.flatMap((it) => it['route-id'] ?? [])
    assert.ok(whole.length > 20 && hashed.length > 20, `${whole.length} and ${hashed.length}`)
    assert.deepEqual([...whole, ...hashed.map((it) => it['route-id'])], ids)
    const sha256 = (it: object) => createHash('sha256').update(JSON.stringify(it)).digest('hex')
    assert.deepEqual(hashed.at(-1), {
      change: 'tagged',
      'route-id': 'r59',
      'before-sha256': sha256(last),
      'after-sha256': sha256({ ...last, tags: ['x'] }),
    })
    assert.ok((await kept()).slice(before).join('').length < 1_500_000)
  })

  test('leave one record each, with what was there before and after', async (t) => {
    const { operations: o, kept } = await open(t)
    const { definition } = await o.createRoute(ada, { definition: { ...db, id: 'db' } })
    const description = 'x'.repeat(5_000)
    await o.updateRoute(ada, 'db', { definition: { ...definition, description }, revision: 1 })
    const records = (await kept()).map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      records.map(({ event }) => event),
      ['route created', 'route updated'],
    )
    assert.equal(records[0]?.['before'], null)
    assert.deepEqual(JSON.parse(String(records[0]?.['after'])), definition)
    const { before, after } = records[1] ?? {}
    assert.deepEqual(JSON.parse(String(before)), definition)
    assert.deepEqual(JSON.parse((after as string[]).join('')), { ...definition, description })
  })
})

test('a change is recorded also where nobody can read what holds after it', async (t) => {
  const { operations: o, kept, store } = await open(t)
  const { list } = store.accessDocuments
  t.mock.method(store.accessDocuments, 'list', () => Promise.reject(new Error('no disk')))
  assert.match((await rejection(o.createRoute(ada, { definition: db }))).message, /no disk/)
  const records = (await kept()).map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    records.map(({ event }) => event),
    ['route created'],
  )
  t.mock.method(store.accessDocuments, 'list', list)
})

test('a role that goes while a change is read in is missed before it is written', async (t) => {
  const roles: Record<string, Role> = {}
  const { operations: o } = await open(t, roles)
  const { revision } = await o.createRoute(ada, { definition: { ...db, id: 'db' } })
  const making = o.createRoute(bob, {
    definition: { ...db, id: 'new', from: 'tcp+https://new.example.com:1' },
  })
  const deleting = o.deleteRoute(bob, 'db', { revision: revision ?? 0 })
  // Both have begun, and wait.
  roles['bob@example.com'] = { role: 'auditor' }
  for (const late of [making, deleting]) assert.equal((await rejection(late)).code, 'role-required')
  assert.deepEqual(
    (await o.listRoutes(ada)).items.map(({ id }) => id),
    ['next', 'db'],
  )
})

describe('who administers a namespace', () => {
  const roles = { 'bob@example.com': { role: 'admin', namespaces: ['databases'] } } as const

  test('sees and changes what is in it, and moves nothing in or out of others', async (t) => {
    const { operations: o } = await open(t, roles)
    const own = { ...db, id: 'own', namespace: 'databases' }
    const made = await o.createRoute(bob, { definition: own })
    const other = { ...db, id: 'other', from: 'tcp+https://o.example.com:1' }
    await o.createRoute(ada, { definition: other })
    assert.deepEqual(
      (await o.listRoutes(bob)).items.map(({ id }) => id),
      ['own'],
    )
    assert.equal((await rejection(o.getRoute(bob, 'other'))).code, 'route-not-found')
    assert.deepEqual((await o.listRouteHistory(bob, 'other')).items, [])
    const refused = [
      o.createRoute(bob, { definition: { ...db, id: 'x', from: 'tcp+https://x.example.com:1' } }),
      o.updateRoute(bob, 'own', { definition: { ...own, namespace: 'web' }, revision: 1 }),
      o.importAccess(bob, { text: 'routes: [{id: y, from: "tcp+https://y:1", to: "tcp://y:1"}]' }),
    ]
    for (const refusal of refused) assert.equal((await rejection(refusal)).code, 'role-required')
    for (const unseen of [
      o.updateRoute(bob, 'other', {
        definition: { ...other, namespace: 'databases' },
        revision: 2,
      }),
      o.deleteRoute(bob, 'other', { revision: 2 }),
      o.deleteRoute(bob, 'next', { revision: 2 }),
      o.changeRoutes(bob, { action: 'disable', documents: [{ id: 'other', revision: 2 }] }),
    ])
      assert.equal((await rejection(unseen)).code, 'route-not-found')
    await o.updateRoute(bob, 'own', {
      definition: { ...made.definition, contact: 'me' },
      revision: 1,
    })
    const { text } = await o.exportAccess(bob, { source: 'all' })
    assert.doesNotMatch(text, /other|next/)
    // Whatever is not theirs stays.
    await o.importAccess(bob, { text: 'routes: []', prune: true })
    assert.deepEqual(
      (await o.listRoutes(ada)).items.map(({ id }) => id),
      ['next', 'other'],
    )
  })

  test('who sees everything besides deletes by pruning what they may change, and no more', async (t) => {
    const auditor = { role: 'auditor', namespaces: ['databases'] } as const
    const { operations: o } = await open(t, { 'bob@example.com': auditor })
    const from = 'tcp+https://o.example.com:1'
    await o.createRoute(ada, { definition: { ...db, id: 'own', namespace: 'databases' } })
    await o.createRoute(ada, { definition: { ...db, id: 'other', from } })
    await o.importAccess(bob, { text: 'routes: []', prune: true })
    assert.deepEqual(
      (await o.listRoutes(bob)).items.map(({ id }) => id),
      ['next', 'other'],
    )
  })

  test('who sees everything besides takes nothing of others into their own, nor deletes it', async (t) => {
    const auditor = { role: 'auditor', namespaces: ['databases'] } as const
    const { operations: o } = await open(t, { 'bob@example.com': auditor })
    const { definition } = await o.createRoute(ada, { definition: { ...db, id: 'other' } })
    const mine = { ...definition, namespace: 'databases' }
    await o.updateRoute(ada, 'other', {
      definition: { ...definition, contact: 'ada' },
      revision: 1,
    })
    const documents = [{ id: 'other', revision: 2 }]
    for (const refused of [
      () => o.updateRoute(bob, 'other', { definition: mine, revision: 2 }),
      () => o.deleteRoute(bob, 'other', { revision: 2 }),
      () => o.changeRoutes(bob, { action: 'disable', documents }),
      () => o.restoreRoute(bob, 'other', { to: 1, revision: 2 }),
      () => o.importAccess(bob, { text: JSON.stringify({ routes: [{ ...mine, id: 'other' }] }) }),
      () => o.reach(bob, { changes: [{ kind: 'route', id: 'other', definition: null }] }),
    ])
      assert.equal((await rejection(refused())).code, 'role-required')
    assert.equal((await o.getRoute(ada, 'other')).revision, 2)
  })

  test('tries nothing in the place of what they do not see', async (t) => {
    const { operations: o } = await open(t, roles)
    await o.createRoute(ada, { definition: { ...db, id: 'other' } })
    const definition = { ...db, namespace: 'databases' }
    assert.equal(
      (await rejection(o.checkRoute(bob, { definition, id: 'other' }))).code,
      'route-not-found',
    )
  })

  test('leads no route to the machine of the gateway or to what hands out its credentials', async (t) => {
    const { operations: o, catalog } = await open(t, roles)
    const own = { ...db, id: 'own', namespace: 'databases' }
    const made = (keys: object) => o.createRoute(bob, { definition: { ...own, ...keys } })
    const ways = ['127.0.0.1:1', 'localhost.:1', '[::ffff:127.0.0.1]:1', '[::]:1', '0.0.0.0:1']
    for (const to of [...ways.map((it) => `tcp://${it}`), ['tcp://10.0.0.1:1', 'tcp://[::1]:1']])
      assert.match(String(await rejection(made({ to }))), /to: leads to the machine of the gateway/)
    assert.match(
      String(await rejection(made({ to: 'http://127.0.0.1:1' }))),
      /to: leads to the machine/,
    )
    const allow = { allow_metadata_address: true }
    assert.match(String(await rejection(made(allow))), /allow_metadata_address: is not for/)
    const text = JSON.stringify({ routes: [{ ...own, ...allow }] })
    assert.match(String(await rejection(o.importAccess(bob, { text }))), /allow_metadata_address/)
    const changes = [{ kind: 'route' as const, definition: { ...own, to: 'tcp://127.0.0.1:1' } }]
    assert.match(String(await rejection(o.reach(bob, { changes }))), /to: leads to the machine/)
    // What somebody else has allowed they take out of use, and change nothing beside it.
    const definition = { ...own, ...allow }
    const { revision } = await o.createRoute(ada, { definition })
    assert.ok(revision)
    const elsewhere = { ...definition, to: 'tcp://metadata.example.com:80' }
    const update = o.updateRoute(bob, 'own', { definition: elsewhere, revision })
    assert.match(String(await rejection(update)), /allow_metadata_address: is not for/)
    const documents = [{ id: 'own', revision }]
    await o.changeRoutes(bob, { action: 'disable', documents })
    const [after] = catalog.holding().heldRoutes.filter(({ id }) => id === 'own')
    assert.equal(after?.isDisabled, true)
    // A name may lead there later.
    await o.createRoute(ada, { definition: { ...own, id: 'named', from: 'tcp+https://n:1' } })
    const [named] = catalog.holding().routes.filter(({ id }) => id === 'named')
    assert.ok(named?.way.kind === 'direct' && named.way.leavesMachine)
  })

  test('is told nothing of routes and policies of others by what is wrong with theirs', async (t) => {
    const { operations: o, catalog } = await open(t, roles, fileWithKey())
    const foreign = { ...db, id: 'payroll', namespace: 'web' }
    const { revision } = await o.createRoute(ada, { definition: foreign })
    assert.ok(revision)
    const policy = { name: 'payroll-staff', namespace: 'web', policy: [] }
    await o.createPolicy(ada, { definition: policy })
    const own = { ...db, id: 'own', namespace: 'databases' }
    const wishes = [
      { ...own },
      { ...own, id: 'next', from: 'tcp+https://free:1' },
      { ...own, from: 'tcp+https://next.example.com:1' },
      { ...own, from: 'tcp+https://free:1', policy_names: ['payroll-staff'] },
      { ...own, from: 'tcp+https://free:1', policy_names: ['payroll-staf'] },
    ]
    for (const definition of wishes) {
      const checked = await o.checkRoute(bob, { definition })
      assert.equal(checked.problems.length, 1)
      const refused = await rejection(o.createRoute(bob, { definition }))
      assert.ok(refused instanceof ConfigError)
      const changes = [{ kind: 'route' as const, definition }]
      const reach = await rejection(o.reach(bob, { changes }))
      const told = JSON.stringify([checked.problems, String(refused), String(reach)])
      assert.doesNotMatch(told, /route \\"payroll|postern\.yaml|"payroll-staff\\*"\?|"web/)
      assert.match(
        JSON.stringify((await o.checkRoute(ada, { definition })).problems),
        /payroll|postern\.yaml/,
      )
    }
    const codesOf = async (id: string) => {
      const on = { kind: 'route' as const, id }
      const documents = [{ id, revision }]
      const works = [
        o.reach(bob, { changes: [{ ...on, disabled: true }] }),
        o.reach(bob, { changes: [{ ...on, definition: null }] }),
        o.tryAccess(bob, { route: 'own', changes: [{ ...on, definition: null }] }),
        o.restoreRoute(bob, id, { to: revision, revision }),
        o.changeRoutes(bob, { action: 'disable', documents }),
      ]
      const errors = await Promise.all(works.map(rejection))
      return errors.map(({ code, message }) => [code, message.replaceAll(id, 'X')])
    }
    const absent = await codesOf('absent')
    assert.deepEqual(await codesOf('payroll'), absent)
    assert.deepEqual(await codesOf('next'), absent)
    await o.updateRoute(ada, 'payroll', { definition: { ...foreign, contact: 'x' }, revision })
    const history = await o.listRouteHistory(bob, 'payroll', { limit: 1 })
    assert.deepEqual(history, await o.listRouteHistory(bob, 'absent', { limit: 1 }))
    // What the file takes later is out of use, and whoever made it reads no line of that.
    await o.createRoute(bob, { definition: { ...own, from: 'tcp+https://late.example.com:1' } })
    const taken = fileWithKey()
    const [late] = taken.fileRoutes
    assert.ok(late)
    const definition = { ...late.definition, from: 'tcp+https://late.example.com:1' }
    catalog.useFile({ ...taken, fileRoutes: [{ ...late, definition }] })
    const [mine] = (await o.listRoutes(bob)).items
    assert.equal(mine?.in_use, false)
    assert.doesNotMatch(JSON.stringify(mine), /postern\.yaml/)
    assert.match(JSON.stringify(await o.getRoute(ada, 'own')), /postern\.yaml/)
  })

  test('is told no more by a trial that the file overtakes', async (t) => {
    const { operations: o, catalog } = await open(t, roles)
    const late = 'tcp+https://late.example.com:1'
    const wishes = Array.from({ length: 40 }, (_, n) => ({
      ...db,
      id: `r${n}`,
      namespace: 'databases',
      from: n === 0 ? late : `tcp+https://r${n}.example.com:1`,
    }))
    const taken = fileWithKey()
    const fileRoutes = taken.fileRoutes.map((route) => ({
      ...route,
      definition: { ...route.definition, from: late },
    }))
    const overtaken: typeof catalog = {
      ...catalog,
      foreseeMany(writes) {
        const work = catalog.foreseeMany(writes)
        catalog.useFile({ ...taken, fileRoutes })
        return work
      },
    }
    const { operations } = createTestOperations({
      catalog: overtaken,
      roleOf: () => roles['bob@example.com'],
    })
    const trial = { text: JSON.stringify({ routes: wishes }), dry_run: true }
    const refused = await rejection(operations.importAccess(bob, trial))
    assert.ok(refused instanceof ConfigError)
    assert.doesNotMatch(String(refused), /postern\.yaml/)
    assert.match(String(await rejection(o.importAccess(ada, trial))), /postern\.yaml/)
  })

  test('takes nothing from what routes of others answer to', async (t) => {
    const { operations: o } = await open(t, roles)
    await o.createRoute(ada, {
      definition: { ...db, id: 'wide', from: 'tcp+https://*.prod.example.com:22' },
    })
    await o.createRoute(ada, {
      definition: { ...db, id: 'one', from: 'tcp+https://a.b.example.com:22' },
    })
    const take = (from: string) =>
      o.createRoute(bob, { definition: { ...db, id: 'mine', namespace: 'databases', from } })
    for (const from of ['db.prod.example.com:22', '*.example.com:22', '*.b.example.com'])
      assert.match(
        (await rejection(take(`tcp+https://${from}`))).message,
        /a route of others answers to/,
      )
    await take('tcp+https://db.prod.example.com:23')
  })
})

describe('routes and policies as a text', () => {
  const text = `policies:
  - name: staff
    policy: [{ allow: { or: [{ accept: true }] } }]
routes:
  - from: tcp+https://db.example.com:5432
    to: tcp://10.0.0.1:5432
    policy_names: [staff]
    tags: [prod]
`

  test('are applied as a whole, and the same again changes nothing', async (t) => {
    const { operations: o, kept } = await open(t)
    const dry = await o.importAccess(ada, { text, dry_run: true })
    assert.deepEqual(
      dry.changes.map(({ kind, id, change }) => [kind, id, change]),
      [
        ['policy', 'staff', 'created'],
        ['route', 'db.example.com-5432', 'created'],
      ],
    )
    assert.match(
      dry.changes[1]?.diff ?? '',
      /^--- \/dev\/null\n\+\+\+ route db[\s\S]*\n\+to: tcp:\/\/10/,
    )
    assert.equal((await o.listPolicies(ada)).total, 0)
    assert.equal((await kept()).length, 0)
    const applied = await o.importAccess(ada, { text, based_on: dry.based_on })
    assert.deepEqual([applied.applied, applied.changes, applied.unchanged], [true, dry.changes, 0])
    const again = await o.importAccess(ada, { text })
    assert.deepEqual([again.changes, again.unchanged], [[], 2])
    // One of all, and one of each.
    assert.equal((await kept()).length, 3)
    // What was exported says the same.
    const { text: exported } = await o.exportAccess(ada)
    assert.deepEqual((await o.importAccess(ada, { text: exported })).changes, [])
  })

  test('are only tried as they would be written: by who may, and without a fault', async (t) => {
    const role = { role: 'admin', namespaces: ['databases'] } as const
    const { operations: o } = await open(t, { 'bob@example.com': role })
    const byBob = await rejection(o.importAccess(bob, { text, dry_run: true }))
    assert.equal(byBob.code, 'role-required')
    const broken = text.replace('[staff]', '[stuff]')
    const byAda = await rejection(o.importAccess(ada, { text: broken, dry_run: true }))
    assert.match(byAda.message, /no policy is named "stuff"/)
  })

  test('say where each fault stands, and nothing is written', async (t) => {
    const { operations: o } = await open(t)
    const broken = `${text}  - from: tcp+https://next.example.com:1
    to: tcp://10.0.0.1:5432
    policy_names: [stuff]
`
    const error = await rejection(o.importAccess(ada, { text: broken, source: 'routes.yaml' }))
    assert.ok(error instanceof ConfigError)
    assert.deepEqual(
      error.problems.map(({ source, line, path, message }) => [source, line, path, message]),
      [
        ['routes.yaml', 11, 'routes[1].policy_names[0]', 'no policy is named "stuff"'],
        [
          'routes.yaml',
          9,
          'routes[1].from',
          '"next.example.com:1" already belongs to the route on postern.yaml:7',
        ],
      ],
    )
    assert.equal((await o.listRoutes(ada)).total, 1)
    const badName = 'policies: [{name: dba only, policy: []}]\nroutes: []'
    const unnamed = await rejection(o.importAccess(ada, { text: badName }))
    assert.ok(unnamed instanceof ConfigError)
    const [problem] = unnamed.problems
    assert.equal(problem?.message, 'must be the name of a policy, not "dba only"')
    assert.match(problem.hint ?? '', /letters, digits/)
  })

  test('of the file keep what is disabled out of use, and their tags', async (t) => {
    const file = fileWithKey()
    const { operations: o } = await open(
      t,
      {},
      {
        ...file,
        routes: [],
        fileRoutes: file.fileRoutes.map((route) => ({
          ...route,
          definition: { ...route.definition, disabled: true },
          isDisabled: true,
        })),
      },
    )
    const { text: exported } = await o.exportAccess(ada, { source: 'all' })
    assert.match(exported, /id: next\n[\s\S]*tags:\n {6}- edge\n {4}disabled: true\n/)
    assert.doesNotMatch(exported, /c2VjcmV0LWtleQ==/)
  })

  test('that was tried before somebody else changed something is refused', async (t) => {
    const { operations: o } = await open(t)
    const { based_on } = await o.importAccess(ada, { text, dry_run: true })
    await o.createPolicy(bob, { definition: { name: 'other', policy: [] } })
    const late = await rejection(o.importAccess(ada, { text, based_on }))
    assert.ok(late instanceof ConflictError)
  })

  test('of which two change one at once are one, and the other is told', async (t) => {
    const { operations: o } = await open(t)
    await o.importAccess(ada, { text })
    const imports = [1, 2].map((port) =>
      o.importAccess(ada, {
        text: text.replace(':5432\n    to', `:5432\n    contact: "${port}"\n    to`),
      }),
    )
    const [first, second] = await Promise.allSettled(imports)
    assert.equal(first?.status, 'fulfilled')
    assert.ok(second?.status === 'rejected' && second.reason instanceof ConflictError)
  })

  test('with pruning delete what they leave out', async (t) => {
    const { operations: o } = await open(t)
    await o.importAccess(ada, { text })
    // A list that the text does not have, or has under a mistyped name, says nothing of what is kept.
    const without = ['policies: [{ name: staff, policy: [{ allow: { or: [{ accept: true }] } }] }]']
    for (const partial of [...without, 'route: []', 'routes:'])
      assert.deepEqual((await o.importAccess(ada, { text: partial, prune: true })).changes, [])
    const less = await o.importAccess(ada, { text: 'policies: []\nroutes: []', prune: true })
    assert.deepEqual(
      less.changes.map(({ change, id }) => [change, id]),
      [
        ['deleted', 'staff'],
        ['deleted', 'db.example.com-5432'],
      ],
    )
    assert.match(less.changes[0]?.diff ?? '', /^--- policy staff\n\+\+\+ \/dev\/null/)
  })
})
