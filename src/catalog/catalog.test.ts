import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger, type LogFields, type Logger } from '../log.ts'
import { parseNamedPolicy } from '../policy/named/parse-named-policy.ts'
import { buildRoute } from '../routes/open-route.ts'
import { parseRoute } from '../routes/parse-route.ts'
import type { DocumentWrite } from '../store/access-document-store.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { openCatalog, type Catalog, type PlannedWrite } from './catalog.ts'
import type { FileAccess } from './file-access.ts'
import type { Holding } from './holding.ts'
import { documentLimits } from './limits.ts'

type Plain = Readonly<Record<string, unknown>>

const db = { from: 'tcp+https://db.example.com:5432', to: 'tcp://10.0.0.1:5432', policy: [] }
const ssh = { from: 'tcp+https://ssh.example.com:22', to: 'tcp://10.0.0.2:22', policy: [] }

/** A file with these routes and policies, each on a line of its own. */
function fileOf(routes: readonly Plain[], policies: readonly Plain[] = []): FileAccess {
  const filePolicies = policies.map((plain, index) => {
    const { named } = parseNamedPolicy(plain, { clientCertificates: 'none' })
    assert.ok(named)
    return { place: `postern.yaml:${index + 101}`, isDisabled: false, named }
  })
  const byName = new Map(filePolicies.map(({ named }) => [named.name, named]))
  const read = routes.map((plain, index) => {
    const rules = { clientCertificates: 'none', namedPolicies: byName } as const
    const { checked, faults } = parseRoute(plain, rules)
    assert.ok(checked, JSON.stringify(faults))
    const route = buildRoute(checked)
    const place = `postern.yaml:${index + 1}`
    return {
      route,
      file: { id: route.id, place, definition: checked.definition, isDisabled: false },
    }
  })
  return {
    routes: read.map(({ route }) => route),
    fileRoutes: read.map(({ file }) => file),
    filePolicies,
    clientCertificates: 'none',
    cookieExpireMs: 3_600_000,
    authenticateServiceUrl: new URL('https://auth.example.com'),
    identityProviders: [{ id: 'default' }],
    administrators: { namespaces: [{ name: 'databases' }] },
  }
}

function put(id: string, body: Plain, more: Partial<PlannedWrite> = {}): PlannedWrite {
  return {
    kind: 'route',
    id,
    change: 'created',
    expected: undefined,
    form: { body: JSON.stringify(body), isDisabled: false, tags: [] },
    isJudged: true,
    ...more,
  }
}

const putPolicy = (id: string, body: Plain, more: Partial<PlannedWrite> = {}): PlannedWrite =>
  put(id, { policy: [], ...body }, { kind: 'policy', ...more })

interface Rig {
  readonly catalog: Catalog
  readonly store: Store
  readonly warnings: readonly string[]
  readonly heard: readonly Holding[]
  change(...writes: readonly PlannedWrite[]): Promise<Holding>
}

async function open(t: TestContext, file = fileOf([ssh]), given?: Store): Promise<Rig> {
  const store = given ?? (await openSqliteStore(':memory:'))
  const warnings: string[] = []
  const say = (message: string, fields: LogFields = {}): void =>
    void warnings.push(`${message} ${JSON.stringify(fields)}`)
  const logger: Logger = { ...silentLogger, warn: say, error: say }
  const catalog = await openCatalog({ store, clock: createFakeClock(), logger, file })
  t.after(async () => {
    await catalog[Symbol.asyncDispose]()
    await store.close()
  })
  const heard: Holding[] = []
  catalog.onHolding((holding) => void heard.push(holding))
  const change = (...writes: readonly PlannedWrite[]): Promise<Holding> =>
    catalog.change({ by: 'ada', note: '', plan: () => writes })
  return { catalog, store, warnings, heard, change }
}

const idsOf = ({ routes }: Holding): readonly string[] => routes.map(({ id }) => id)
const faultsOf = ({ heldRoutes }: Holding, id: string): readonly string[] =>
  heldRoutes
    .filter((held) => held.id === id && held.source.kind === 'store')
    .flatMap(({ faults }) => faults.map(({ path, message }) => `${path.join('.')}: ${message}`))

async function refusal(changing: Promise<unknown>): Promise<string> {
  const outcome = await changing.then(
    () => 'done',
    (error: unknown) => error,
  )
  assert.ok(outcome instanceof Error, String(outcome))
  return outcome.message
}

describe('stored routes', () => {
  test('stand beside those of the file, and a change makes that one anew', async (t) => {
    const { catalog, change, heard } = await open(t)
    await change(put('db', db), put('other', { ...db, from: 'tcp+https://other.example.com:1' }))
    const before = catalog.holding()
    assert.deepEqual(idsOf(before).slice(1), ['db', 'other'])
    assert.equal(heard.length, 1)
    const after = await change(
      put('db', { ...db, to: 'tcp://10.0.0.9:1' }, { change: 'updated', expected: 1 }),
    )
    assert.equal(heard.at(-1), after)
    assert.notEqual(after.routes[1], before.routes[1])
    assert.deepEqual([after.routes[0], after.routes[2]], [before.routes[0], before.routes[2]])
    assert.ok(after.routes[0] === before.routes[0] && after.routes[2] === before.routes[2])
  })

  test('may ask who somebody is where people have accounts of the gateway, and nowhere without any', async (t) => {
    const asking = put('db', {
      ...db,
      policy: [{ allow: { or: [{ provider: { is: 'local' } }] } }],
    })
    const nobody = { ...fileOf([ssh]), identityProviders: [] }
    const without = await open(t, nobody)
    assert.match(await refusal(without.change(asking)), /this gateway has no identity provider/)
    const { change } = await open(t, { ...nobody, localAccounts: true })
    const { heldRoutes } = await change(asking)
    const warned = heldRoutes.flatMap(({ id, warnings }) => (id === 'db' ? warnings : []))
    assert.deepEqual(warned, [])
  })

  test('and policies are warned of what nothing can match', async (t) => {
    const { change } = await open(t)
    const policy = [{ allow: { or: [{ email: 'ann' }, { date: { before: '1969-01-01' } }] } }]
    const { heldRoutes, heldPolicies } = await change(
      putPolicy('staff', { policy }),
      put('db', { ...db, policy_names: ['staff'], allowed_domains: ['@example.com'] }),
    )
    const said = [...heldPolicies, ...heldRoutes].map(({ id, warnings }) => [
      id,
      ...warnings.map(({ path }) => path.join('.')),
    ])
    assert.deepEqual(
      said.filter(([, warning]) => warning !== undefined),
      [
        ['staff', 'policy.0.allow.or.0.email', 'policy.0.allow.or.1.date.before'],
        ['db', 'allowed_domains.0'],
      ],
    )
  })

  test('that are only tagged anew, or disabled and enabled, stay what they were', async (t) => {
    const { change } = await open(t)
    const [, first] = (await change(put('db', db))).routes
    const kept = put('db', db).form
    assert.ok(kept)
    const again = (expected: number, form: DocumentWrite['form']) =>
      change(put('db', db, { expected, form, isJudged: false }))
    const tagged = await again(1, { ...kept, tags: ['prod'] })
    assert.equal(tagged.routes[1], first)
    const disabled = await again(2, { ...kept, isDisabled: true })
    assert.deepEqual(idsOf(disabled).length, 1)
    assert.equal(disabled.heldRoutes.find(({ id }) => id === 'db')?.isDisabled, true)
  })

  test('have what the file leaves: by id, by target and by what its wildcards cover', async (t) => {
    const wild = { ...db, from: 'tcp+https://*.prod.example.com:22' }
    const { change } = await open(t, fileOf([{ ...ssh, id: 'shell' }, wild]))
    assert.match(
      await refusal(change(put('mine', ssh))),
      /route "mine": from: "ssh\.example\.com:22" already belongs to the route on postern\.yaml:1/,
    )
    assert.match(
      await refusal(change(put('shell', db))),
      /id: "shell" is already the id of the route on postern\.yaml:1/,
    )
    const within = { ...db, from: 'tcp+https://a.prod.example.com:22' }
    assert.match(
      await refusal(change(put('within', within))),
      /"a\.prod\.example\.com:22" is among what the route on postern\.yaml:2 answers to/,
    )
    await change(put('wider', { ...db, from: 'tcp+https://*.example.com:22' }))
    // A name without a port is tried before every wildcard, on the port of this one too.
    const anyPort = { ...db, from: 'tcp+https://a.prod.example.com' }
    assert.match(
      await refusal(change(put('any-port', anyPort))),
      /"a\.prod\.example\.com" takes some of what the route on postern\.yaml:2 answers to: "\*\.prod/,
    )
    await change(put('elsewhere', { ...db, from: 'tcp+https://a.test.example.com' }))
  })

  test('give way to a file that takes what is theirs, and are back when it lets go', async (t) => {
    const { catalog, change, warnings } = await open(t)
    await change(put('db', db), put('other', { ...db, from: 'tcp+https://other.example.com:1' }))
    const taken = catalog.useFile(fileOf([ssh, { ...db, id: 'mine' }]))
    assert.deepEqual(idsOf(taken).slice(1), ['mine', 'other'])
    const fault = 'from: "db.example.com:5432" already belongs to the route on postern.yaml:2'
    assert.deepEqual(faultsOf(taken, 'db'), [fault])
    assert.deepEqual(warnings, [
      `a stored route is not in use ${JSON.stringify({ route: 'db', problem: fault })}`,
    ])
    catalog.useFile(fileOf([ssh, { ...db, id: 'mine' }]))
    assert.equal(warnings.length, 1)
    assert.deepEqual(idsOf(catalog.useFile(fileOf([ssh]))).slice(1), ['db', 'other'])
  })

  test('of which two claim the same at once are one', async (t) => {
    const { catalog, change } = await open(t)
    const outcomes = await Promise.allSettled([change(put('a', db)), change(put('b', db))])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    assert.match(
      String((outcomes[1] as PromiseRejectedResult).reason),
      /route "b": from: "db\.example\.com:5432" already belongs to the stored route "a"/,
    )
    assert.deepEqual(idsOf(catalog.holding()).slice(1), ['a'])
  })

  test('that somebody else has changed are not overwritten', async (t) => {
    const { change, catalog } = await open(t)
    await change(put('db', db))
    const edit = (port: number) =>
      change(put('db', { ...db, to: `tcp://10.0.0.1:${port}` }, { change: 'updated', expected: 1 }))
    const [first, second] = await Promise.allSettled([edit(1), edit(2)])
    assert.equal(first.status, 'fulfilled')
    assert.ok(second.status === 'rejected')
    assert.equal((second.reason as { code?: string }).code, 'overtaken')
    assert.equal(catalog.holding().heldRoutes.at(-1)?.definition['to'], 'tcp://10.0.0.1:1')
  })

  test('are judged again by a file that is taken over while they are read', async (t) => {
    const { catalog, change } = await open(t, fileOf([{ ...ssh, id: 'ssh' }]))
    await change(put('db', db))
    const planned: string[][] = []
    const changing = catalog.change({
      by: 'ada',
      note: '',
      plan(holding) {
        planned.push(holding.routes.map(({ id }) => id))
        return [put('web', { ...db, from: 'tcp+https://web.example.com:1' })]
      },
    })
    // It takes what "db" answers to, and that is no fault of the change.
    catalog.useFile(fileOf([{ ...db, id: 'senior' }]))
    const { routes } = await changing
    assert.deepEqual(routes.map(({ id }) => id).toSorted(), ['senior', 'web'])
    assert.deepEqual(planned, [['ssh', 'db'], ['senior']])
  })

  test('are planned anew where another change came while a long plan was made', async (t) => {
    const { catalog, change } = await open(t)
    const seen: number[] = []
    await catalog.change({
      by: 'ada',
      note: '',
      async plan(holding) {
        seen.push(holding.routes.length)
        if (seen.length === 1) await change(put('between', db))
        const other = { ...db, from: `tcp+https://r${holding.routes.length}.example.com:1` }
        return [put('planned', other)]
      },
    })
    assert.deepEqual(seen, [1, 2])
    const planned = catalog.holding().heldRoutes.find(({ id }) => id === 'planned')
    assert.equal(planned?.definition['from'], 'tcp+https://r2.example.com:1')
  })

  test('are planned anew as well where there was nothing to change before another came', async (t) => {
    const { catalog, change } = await open(t)
    const held = await catalog.change({
      by: 'ada',
      note: '',
      async plan({ routes }) {
        if (routes.length > 1) return [put('web', { ...db, from: 'tcp+https://web.example.com:1' })]
        await change(put('between', db))
        return []
      },
    })
    assert.deepEqual(idsOf(held).slice(1), ['between', 'web'])
  })

  test('are foreseen some at a time, and others have their turn in between', async (t) => {
    const { catalog } = await open(t)
    const writes = Array.from({ length: 20 }, (_, at) =>
      put(`r${at}`, { ...db, from: `tcp+https://r${at}.example.com:1` }),
    )
    let turns = 0
    setImmediate(() => (turns += 1))
    const { routes } = await catalog.foreseeMany(writes)
    assert.deepEqual([routes.length, turns], [21, 1])
    assert.equal(catalog.holding().routes.length, 1)
  })

  test('have the names of policies if they like, and are changed together with those', async (t) => {
    const { change } = await open(t)
    const { heldPolicies, heldRoutes } = await change(putPolicy('both', {}), put('both', db))
    assert.deepEqual([heldPolicies.at(-1)?.id, heldRoutes.at(-1)?.id], ['both', 'both'])
  })

  test('are written only by who may in the very step, though they could before', async (t) => {
    const { catalog } = await open(t)
    let asked = 0
    const change = catalog.change({
      by: 'ada',
      note: '',
      plan: () => [put('db', db)],
      admit: () => {
        asked += 1
        throw new Error('no longer an administrator')
      },
    })
    assert.equal(await refusal(change), 'no longer an administrator')
    assert.deepEqual([asked, catalog.holding().routes.length], [1, 1])
  })

  test('name no file of the gateway and hold no private key', async (t) => {
    const { change } = await open(t)
    const https = { ...db, to: 'https://next.example.com' }
    for (const [key, value] of [
      ['tls_client_key', 'c2VjcmV0'],
      ['tls_client_key_file', '/etc/shadow'],
      ['tls_client_cert_file', '/etc/shadow'],
      ['tls_custom_ca_file', '/etc/shadow'],
    ] as const) {
      const message = await refusal(change(put('db', { ...https, [key]: value })))
      assert.match(message, new RegExp(`${key}: (is a secret|names a file of the gateway)`))
      assert.doesNotMatch(message, /c2VjcmV0|shadow|no such file/)
    }
  })

  test('that cannot be read are left out with what is wrong, and hold up nothing', async (t) => {
    const store = await openSqliteStore(':memory:')
    const author = { by: 'a later release', atMs: 0, note: '', basedOn: 0 }
    const texts = [
      '{"from":',
      '[1]',
      JSON.stringify({ ...db, from_now_on: true }),
      JSON.stringify(db),
    ]
    const writes = texts.map((body, index) =>
      put(`r${index}`, {}, { form: { body, isDisabled: false, tags: [] } }),
    )
    const rows = writes.map(({ kind, id, change, expected, form }) => ({
      kind,
      id,
      change,
      expected,
      form,
    }))
    assert.equal(
      (await store.accessDocuments.write(rows, author, documentLimits)).outcome,
      'written',
    )
    const { catalog, warnings, change } = await open(t, fileOf([ssh]), store)
    assert.deepEqual(idsOf(catalog.holding()).slice(1), ['r3'])
    assert.deepEqual(faultsOf(catalog.holding(), 'r0'), [': what is kept of it is no JSON'])
    assert.deepEqual(faultsOf(catalog.holding(), 'r2'), ['from_now_on: unknown key'])
    assert.equal(warnings.length, 3)
    // Such a one can still be deleted, and others are changed meanwhile.
    await change(put('r0', {}, { change: 'deleted', expected: 1, form: undefined }))
    assert.equal(faultsOf(catalog.holding(), 'r0').length, 0)
  })
})

describe('stored policies', () => {
  const named = { ...db, policy_names: ['staff'] }

  test('decide about the routes that name them, and about no others', async (t) => {
    const { change } = await open(t)
    const first = await change(
      putPolicy('staff', {}),
      put('db', named),
      put('other', { ...db, from: 'tcp+https://other.example.com:1' }),
    )
    assert.deepEqual(first.heldPolicies[0]?.usedBy, ['db'])
    const rules = { policy: [{ allow: { or: [{ email: { is: 'a@example.com' } }] } }] }
    const next = await change(putPolicy('staff', rules, { change: 'updated', expected: 1 }))
    assert.notEqual(next.routes[1]?.fingerprint, first.routes[1]?.fingerprint)
    assert.ok(next.routes[0] === first.routes[0] && next.routes[2] === first.routes[2])
  })

  test('that routes name, disabled ones too, are neither deleted nor disabled', async (t) => {
    const { change } = await open(t)
    await change(putPolicy('staff', {}), put('db', named))
    const gone = { change: 'deleted', expected: 1, form: undefined } as const
    assert.match(
      await refusal(change(putPolicy('staff', {}, gone))),
      /"staff" is used by route "db"/,
    )
    const form = { body: '{"policy":[]}', isDisabled: true, tags: [] }
    const off = { change: 'disabled', expected: 1, form, isJudged: false } as const
    assert.match(
      await refusal(change(putPolicy('staff', {}, off))),
      /"staff" is used by route "db"/,
    )
    const kept = put('db', named).form
    assert.ok(kept)
    await change(put('db', named, { expected: 2, form: { ...kept, isDisabled: true } }))
    assert.match(
      await refusal(change(putPolicy('staff', {}, gone))),
      /"staff" is used by route "db"/,
    )
    await change(
      putPolicy('staff', {}, gone),
      put('db', {}, { change: 'deleted', expected: 3, form: undefined }),
    )
  })

  test('stay in use under routes that are only tagged anew in the same change', async (t) => {
    const { catalog, change } = await open(t)
    await change(putPolicy('staff', {}), put('db', named))
    const form = { body: '{"policy":[]}', isDisabled: true, tags: [] }
    const off = putPolicy('staff', {}, { change: 'disabled', expected: 1, form, isJudged: false })
    const kept = put('db', named).form
    assert.ok(kept)
    const retag = { expected: 2, form: { ...kept, tags: ['prod'] }, isJudged: false }
    assert.match(
      await refusal(change(off, put('db', named, retag))),
      /"staff" is used by route "db"/,
    )
    assert.deepEqual(idsOf(catalog.holding()).slice(1), ['db'])
    const both = { ...retag, form: { ...kept, isDisabled: true } }
    assert.equal((await change(off, put('db', named, both))).routes.length, 1)
  })

  test('give way to one of the file, which routes then use', async (t) => {
    const { catalog, change } = await open(t)
    await change(putPolicy('staff', {}), put('db', named))
    const taken = catalog.useFile(
      fileOf([ssh], [{ name: 'staff', policy: [{ allow: { or: [{ accept: true }] } }] }]),
    )
    const [inFile, stored] = taken.heldPolicies
    assert.deepEqual([inFile?.usedBy, stored?.named], [['db'], undefined])
    assert.match(stored?.faults[0]?.message ?? '', /name of the policy on postern\.yaml:101/)
    assert.equal(taken.routes.at(-1)?.policy.readsSubject, false)
  })

  test('take the routes that name them out of use where they have a fault', async (t) => {
    const { catalog, change, warnings } = await open(t)
    await change(
      putPolicy('staff', { namespace: 'databases' }),
      put('db', { ...named, namespace: 'databases' }),
    )
    assert.match(
      await refusal(change(put('x', { ...named, from: 'tcp+https://x.example.com:1' }))),
      /"staff" is in namespace "databases", and this route is not/,
    )
    const without = catalog.useFile({ ...fileOf([ssh]), administrators: { namespaces: [] } })
    assert.equal(without.routes.length, 1)
    assert.ok(
      warnings.some((line) => line.includes('"staff\\" has a fault')),
      warnings.join('\n'),
    )
  })
})

test('what cannot be read from the store is asked for again, and what held stays', async (t) => {
  const store = await openSqliteStore(':memory:')
  let isBroken = false
  const list = (): ReturnType<Store['accessDocuments']['list']> =>
    isBroken ? Promise.reject(new Error('the disk is away')) : store.accessDocuments.list()
  const clock = createFakeClock()
  const said: string[] = []
  const catalog = await openCatalog({
    store: { feed: store.feed, accessDocuments: { ...store.accessDocuments, list } },
    clock,
    logger: { ...silentLogger, error: (message) => void said.push(message) },
    file: fileOf([ssh]),
  })
  t.after(async () => {
    await catalog[Symbol.asyncDispose]()
    await store.close()
  })
  isBroken = true
  const heard = new Promise<Holding>((resolve) => catalog.onHolding(resolve))
  const changing = catalog.change({ by: 'ada', note: '', plan: () => [put('db', db)] })
  assert.match(await refusal(changing), /the disk is away/)
  assert.equal(catalog.holding().routes.length, 1)
  assert.deepEqual(said, ['stored routes cannot be read, those of before stay'])
  isBroken = false
  clock.advance(1_000)
  assert.deepEqual(idsOf(await heard).slice(1), ['db'])
})
