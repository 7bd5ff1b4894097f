import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { createDirectory } from '../access/directory.ts'
import { parseRoutePolicy } from '../policy/language/shorthand.ts'
import type { Role } from '../access/administrators.ts'
import type { PeerError } from '../errors.ts'
import { combinePolicies } from '../policy/named/combine.ts'
import { parseNamedPolicy } from '../policy/named/parse-named-policy.ts'
import type { NewRoute } from '../routes/route.ts'
import { threadMs } from '../thread-time.fixture.ts'
import { testRoute } from '../gateway/gateway.fixture.ts'
import { nobodyBlocked } from '../identity/blocked-people.fixture.ts'
import { localActor } from './change.ts'
import { createTestOperations, testActor, testSession } from './operations.fixture.ts'
import type { TestOperationsOptions } from './operations.fixture.ts'

const ada = { ...testSession('s1', 'ada@example.com'), groups: ['dba'], name: 'Ada' }
const bob = { ...testSession('s2', 'bob@example.com'), groups: ['dev'] }

function routeFor(id: string, document: unknown, more: Partial<NewRoute> = {}): NewRoute {
  const parsed = parseRoutePolicy(document, {}, 'policy')
  assert.ok('policy' in parsed)
  const route = testRoute(`tcp+https://${id}.example.com:5432`, [1])
  return { ...route, id, name: id, policy: parsed.policy, ...more }
}

const db = routeFor('db', { allow: { or: [{ groups: { has: 'dba' } }] } })
const web = routeFor('web', { allow: { or: [{ accept: true }] } })
const office = routeFor('office', {
  allow: { and: [{ authenticated_user: true }, { source_ip: '203.0.113.0/24' }] },
})
const strict = routeFor('strict', {
  allow: {
    and: [{ authenticated_user: true }, { client_certificate: { fingerprint: 'ab'.repeat(32) } }],
  },
})

function rig(options: TestOperationsOptions = {}) {
  return createTestOperations({
    sessions: [ada, bob],
    routes: [db, web, office, strict],
    accounts: ['backup'],
    directory: createDirectory([{ member: 'Carol@example.com', group: 'dba' }]),
    ...options,
  }).operations
}

describe('trying access', () => {
  test('somebody is judged by what their session says, with the trace that leads there', async () => {
    const { tryAccess } = rig()
    const may = await tryAccess(localActor, { person: 'ADA@example.com', route: 'db' })
    assert.deepEqual([may.outcome, may.reasons], ['allow', ['groups-ok']])
    assert.deepEqual(may.who.groups, ['dba'])
    assert.deepEqual(may.route, { id: 'db', name: 'db', from: db.from })
    const not = await tryAccess(localActor, { person: bob.userId, route: 'db.example.com:5432' })
    assert.equal(not.outcome, 'deny')
    const [criterion] = not.trace.allow.rules[0]?.operators[0]?.criteria ?? []
    assert.deepEqual(criterion, {
      criterion: 'groups',
      asks: { has: 'dba' },
      found: '"dev"',
      value: false,
      reason: 'groups-unauthorized',
      sentence: 'they are not in the groups this route names',
      needed: 'groups with "dba"',
    })
  })

  test('what is said of somebody comes before what is known of them', async () => {
    const { tryAccess } = rig()
    const answer = await tryAccess(localActor, { person: ada.email, route: 'db', groups: ['dev'] })
    assert.equal(answer.outcome, 'deny')
  })

  test('the provider is that of their session, or the one that is said, or the default one', async () => {
    const partner = routeFor('partner', { allow: { or: [{ provider: 'partner' }] } })
    const { tryAccess } = rig({ routes: [partner] })
    const outcomeOf = async (who: object) => {
      const answer = await tryAccess(localActor, { route: 'partner', ...who })
      return [answer.outcome, answer.who.provider]
    }
    assert.deepEqual(await outcomeOf({ person: ada.email }), ['deny', 'default'])
    const said = { person: ada.email, provider: 'partner' }
    assert.deepEqual(await outcomeOf(said), ['allow', 'partner'])
    const stranger = { person: 'x@example.com' }
    assert.deepEqual(await outcomeOf(stranger), ['deny', 'default'])
    assert.deepEqual(await outcomeOf({}), ['sign-in', null])
  })

  test('somebody who only claims an address is not taken for whoever has it', async () => {
    const claimed = { email: ada.email, emailVerified: false, userId: 'partner/1' }
    const guest = { ...ada, ...claimed, id: 's9', provider: 'partner', groups: [] }
    const { tryAccess } = rig({ sessions: [guest, ada] })
    const { who } = await tryAccess(localActor, { person: ada.email, route: 'db' })
    assert.deepEqual([who.user_id, who.groups], [ada.userId, ['dba']])
    const alone = rig({ sessions: [guest] })
    const found = await alone.tryAccess(localActor, { person: ada.email, route: 'db' })
    assert.equal(found.who.user_id, 'partner/1')
  })

  test('a member of the directory is known by it, and a stranger by what is assumed', async () => {
    const { tryAccess } = rig()
    const carol = await tryAccess(localActor, { person: 'carol@example.com', route: 'db' })
    assert.deepEqual([carol.outcome, carol.who.groups], ['allow', ['dba']])
    const stranger = await tryAccess(localActor, { person: 'x@example.com', route: 'db' })
    assert.equal(stranger.outcome, 'deny')
    assert.deepEqual(stranger.assumed, [
      'has a verified email address',
      'is in no group but those of the directory',
      'has no claims',
      "comes from 192.0.2.1, which is in nobody's network",
      'shows no client certificate',
    ])
  })

  test('address, moment and certificate are those that are given', async () => {
    const night = routeFor('night', {
      allow: { and: [{ authenticated_user: true }, { date: { after: '2027-01-01' } }] },
    })
    const { tryAccess } = rig({ routes: [office, strict, night] })
    const outcomeOf = async (more: object, route: string) =>
      (await tryAccess(localActor, { person: ada.email, route, ...more })).outcome
    assert.equal(await outcomeOf({}, 'office'), 'deny')
    assert.equal(await outcomeOf({ ip: '203.0.113.9' }, 'office'), 'allow')
    assert.equal(await outcomeOf({}, 'night'), 'deny')
    assert.equal(await outcomeOf({ at: '2027-02-01T00:00:00+01:00' }, 'night'), 'allow')
    assert.equal(await outcomeOf({}, 'strict'), 'client-certificate')
    const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':')
    assert.equal(await outcomeOf({ certificate: { fingerprint } }, 'strict'), 'allow')
    const untrusted = { certificate: { fingerprint, valid: false } }
    assert.equal(await outcomeOf(untrusted, 'strict'), 'deny')
  })

  test('a service account and somebody who is not signed in can be tried', async () => {
    const { tryAccess } = rig()
    const account = await tryAccess(localActor, { service_account: 'backup', route: 'db' })
    assert.deepEqual([account.outcome, account.who.kind], ['deny', 'service-account'])
    const gone = await tryAccess(localActor, { service_account: 'gone', route: 'web' })
    assert.ok(gone.assumed.some((it) => it.includes('none of this id is in use')))
    const nobody = await tryAccess(localActor, { route: 'db' })
    assert.deepEqual([nobody.outcome, nobody.who.kind], ['sign-in', 'nobody'])
  })

  test('a block wins over what the policy says, which the trace still shows', async () => {
    const isBlocked = ({ userId }: { userId: string }): boolean => userId === ada.userId
    const blockedPeople = { ...nobodyBlocked, isBlocked }
    const { tryAccess, whoCan } = rig({ blockedPeople })
    const answer = await tryAccess(localActor, { person: ada.email, route: 'db' })
    assert.deepEqual(
      [answer.outcome, answer.reasons, answer.blocked, answer.trace.allow.value],
      ['deny', ['person-blocked'], true, true],
    )
    const { items } = await whoCan(localActor, 'db')
    assert.deepEqual(
      items.map(({ who }) => who),
      ['carol@example.com'],
    )
  })

  test('a route that is not there, or is one of several, is refused by a code', async () => {
    const twin = { ...web, id: 'web2' }
    const { tryAccess } = rig({ routes: [db, { ...web, id: 'web1' }, twin] })
    await assert.rejects(tryAccess(localActor, { route: 'absent' }), { code: 'route-not-found' })
    await assert.rejects(tryAccess(localActor, { route: 'web' }), {
      code: 'route-ambiguous',
      hint: 'name one by its id: web1, web2',
    })
    const odd = { route: 'db', ip: 'not an address' }
    await assert.rejects(tryAccess(localActor, odd), { code: 'malformed-request' })
  })
})

describe('who may use what', () => {
  test('everybody who is known is judged once, by the newest of their sessions', async () => {
    const old = { ...ada, id: 's0', groups: [] }
    const { whoCan } = rig({ sessions: [ada, bob, old] })
    const answer = await whoCan(localActor, 'db', { outcome: 'all' })
    assert.deepEqual(
      answer.items.map(({ who, kind, known_by, outcome }) => [who, kind, known_by, outcome]),
      [
        ['carol@example.com', 'person', 'directory', 'allow'],
        ['ada@example.com', 'person', 'session', 'allow'],
        ['bob@example.com', 'person', 'session', 'deny'],
        ['backup', 'service-account', 'service-account', 'deny'],
      ],
    )
    assert.deepEqual([answer.total, answer.everybody, answer.next_cursor], [4, false, null])
    assert.equal((await whoCan(localActor, 'web')).everybody, true)
  })

  test('pages follow each other without a gap or a repeat', async () => {
    const sessions = Array.from({ length: 7 }, (_, index) => ({
      ...testSession(`s${index}`, `p${index}@example.com`),
      groups: index % 2 === 0 ? ['dba'] : [],
    }))
    const { whoCan } = rig({ sessions, accounts: [], directory: createDirectory([]) })
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await whoCan(localActor, 'db', { limit: 2, cursor })
      assert.ok(page.items.length <= 2)
      seen.push(...page.items.map(({ who }) => who))
      cursor = page.next_cursor ?? undefined
    } while (cursor !== undefined)
    assert.deepEqual(
      seen,
      [0, 2, 4, 6].map((index) => `p${index}@example.com`),
    )
  })

  test('the routes of somebody are listed by name, those that a certificate opens among them', async () => {
    const { whatCan } = rig()
    const routesOf = async (who: string, outcome?: 'all') =>
      (await whatCan(localActor, who, { outcome })).items.map(({ route }) => route.id)
    assert.deepEqual(await routesOf('ada@example.com'), ['db', 'web'])
    assert.deepEqual(await routesOf('backup'), ['web'])
    assert.deepEqual(await routesOf('bob@example.com', 'all'), ['db', 'office', 'strict', 'web'])
    assert.equal((await whatCan(localActor, 'backup')).who.kind, 'service-account')
  })

  test('ten thousand sessions are judged in turns, so that tunnels go on', async () => {
    const sessions = Array.from({ length: 10_000 }, (_, index) => ({
      ...testSession(`s${index}`, `p${index}@example.com`),
      claims: { filler: 'x'.repeat(100) },
    }))
    const costly = Array.from({ length: 40 }, (_, index) => ({
      email: { is: `x${index}@x.example` },
    }))
    const { whoCan } = rig({ sessions, routes: [routeFor('db', { allow: { or: costly } })] })
    const done = new AbortController()
    let longestMs = 0
    const watching = (async () => {
      while (!done.signal.aborted) {
        const startMs = threadMs()
        await nextTurn()
        longestMs = Math.max(longestMs, threadMs() - startMs)
      }
    })()
    const answer = await whoCan(localActor, 'db', { limit: 500 })
    done.abort()
    await watching
    assert.deepEqual([answer.total, answer.items.length], [10_002, 0])
    assert.ok(longestMs < 100, `one turn took ${longestMs} ms`)
  })
})

describe('who may try', () => {
  const lab = { ...db, id: 'lab', name: 'lab', namespace: 'lab' }
  const by = testActor(ada)

  test('an administrator of a namespace tries its routes and no others, and learns nothing of people', async () => {
    const blockedPeople = { ...nobodyBlocked, isBlocked: () => true }
    const { tryAccess, whoCan, whatCan } = rig({
      routes: [lab, web],
      blockedPeople,
      roleOf: () => ({ role: 'admin', namespaces: ['lab'] }),
    })
    const known = await tryAccess(by, { person: ada.email, route: 'lab' })
    assert.deepEqual([known.outcome, known.who.groups], ['deny', []], 'by nothing that is known')
    const said = await tryAccess(by, { person: ada.email, route: 'lab', groups: ['dba'] })
    assert.equal(said.outcome, 'allow')
    const carol = await tryAccess(by, { person: 'carol@example.com', route: 'lab' })
    assert.deepEqual([carol.outcome, carol.who.groups, carol.blocked], ['deny', [], false])
    assert.ok(carol.assumed.includes('is in no group') && carol.assumed.includes('is not blocked'))
    const account = await tryAccess(by, { service_account: 'gone', route: 'lab' })
    assert.ok(!account.assumed.some((it) => it.includes('none of this id')))
    const refusalOf = async (route: string) =>
      tryAccess(by, { route }).then(
        () => undefined,
        ({ code, message, hint }: PeerError) => [code, message.replace(route, 'X'), hint],
      )
    for (const foreign of ['web', 'web.example.com:5432', 'tcp+https://web.example.com:5432'])
      assert.deepEqual(await refusalOf(foreign), await refusalOf('absent'), foreign)
    assert.throws(() => whoCan(by, 'lab'), { code: 'role-required' })
    assert.throws(() => whatCan(by, 'ada@example.com'), { code: 'role-required' })
  })

  test('of a policy that is not theirs they read whether it holds, and none of its rules', async () => {
    const named = (name: string, policy: unknown, more = {}) => {
      const read = parseNamedPolicy({ name, policy, ...more }, { clientCertificates: 'none' })
      assert.ok(read.named, JSON.stringify(read.faults))
      return read.named
    }
    const staff = named('staff', [
      { allow: { or: [{ email: { is: 'boss@example.com' } }] } },
      { allow: { or: [{ groups: { has: 'dba' } }] } },
      { deny: { or: [{ email: { is: 'spy@example.com' } }] } },
    ])
    const own = named(
      'own',
      { allow: { or: [{ groups: { has: 'interns' } }] } },
      { namespace: 'lab' },
    )
    const routes = [{ ...lab, policy: combinePolicies(lab.policy, [staff, own]) }]
    let role: Role = { role: 'admin', namespaces: ['lab'] }
    const { tryAccess } = rig({ routes, roleOf: () => role })
    const wish = { person: ada.email, groups: ['dba'], route: 'lab' }
    const { trace, outcome } = await tryAccess(by, wish)
    assert.equal(outcome, 'allow')
    assert.doesNotMatch(JSON.stringify(trace), /boss|spy/)
    assert.deepEqual(
      trace.allow.rules.map(({ path, name, state, operators }) => [
        path,
        name,
        state,
        operators.length,
      ]),
      [
        ['policy', null, 'holds', 1],
        ['policy_names.own.policy', 'own', 'fails', 1],
        ['policy_names.staff', 'staff', 'holds', 0],
      ],
    )
    assert.deepEqual(
      trace.deny.rules.map(({ name, state, operators }) => [name, state, operators]),
      [['staff', 'fails', []]],
    )
    role = { role: 'auditor' }
    assert.match(JSON.stringify((await tryAccess(by, wish)).trace), /boss.*spy/)
  })

  test('an auditor who administers a namespace as well is told of people as every auditor is', async () => {
    const { tryAccess, whoCan } = rig({
      routes: [lab],
      roleOf: () => ({ role: 'auditor', namespaces: ['lab'] }),
    })
    const known = await tryAccess(by, { person: ada.email, route: 'lab' })
    assert.deepEqual(known.who.groups, ['dba'])
    const { items } = await whoCan(by, 'lab', { outcome: 'all' })
    assert.ok(items.some(({ outcome }) => outcome === 'deny'))
  })

  test('somebody without a role tries nothing', () => {
    const { tryAccess, whoCan } = rig({ roleOf: () => undefined })
    assert.throws(() => tryAccess(by, { route: 'web' }), { code: 'role-required' })
    assert.throws(() => whoCan(by, 'web'), { code: 'role-required' })
  })
})
