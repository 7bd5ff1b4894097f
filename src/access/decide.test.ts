import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { ClientCertificate, Subject } from '../policy/facts.ts'
import { parsePolicy } from '../policy/language/parse.ts'
import type { Route } from '../routes/route.ts'
import type { AccessGrant } from './access-grant.ts'
import { testCaller, testRoute, testServiceAccount, testSession } from './access.fixture.ts'
import { anyValidCertificate, createDecide, type SupposedCaller } from './decide.ts'

const startMs = Date.parse('2026-11-30T12:00:00Z')
const from = 'tcp+https://db.example.com:5432'
const alice = testSession('alice', 'alice@example.com')
const robot = testServiceAccount('robot')

interface RigOptions {
  /** What the client's certificate is, by what is trusted. */
  readonly certificate?: ClientCertificate
  readonly subjectOf?: (who: Subject | undefined) => Subject | undefined
  readonly given?: Partial<AccessGrant>
}

/** Decides by policy and by what somebody was given. */
function createRig({ certificate, subjectOf = (who) => who, given }: RigOptions = {}) {
  const asked: [string, string][] = []
  const decide = createDecide({
    clock: createFakeClock(startMs),
    clientCertificates: { facts: () => certificate },
    subjectOf,
    accessGrant(userId, { id }) {
      asked.push([userId, id])
      const grant = { id: 'q-1', by: 'bob', isBreakGlass: false, untilMs: startMs + 1 }
      return given && { ...grant, ...given }
    },
  })
  return { decide, asked }
}

/** A route that nobody but somebody else may use, with ways to ask for access. */
function routeForBob(ways: readonly ('approval' | 'breakGlass')[]): Route {
  const { policy } = testRoute(from, [1], { allow: { or: [{ authenticated_user: true }] } })
  return testRoute(from, [1], onlyBob, {
    approval: ways.includes('approval') ? { approvers: policy, maxMs: 1 } : undefined,
    breakGlass: ways.includes('breakGlass') ? { policy, maxMs: 1 } : undefined,
  })
}

const onlyBob = { allow: { or: [{ email: 'bob@example.com' }] } }

test('whoever a rule lets in is let in, and nobody looks for what they were given', () => {
  const { decide, asked } = createRig({ given: {} })
  const route = { ...routeForBob(['approval']), policy: testRoute(from, [1]).policy }
  assert.equal(decide.now(testCaller(alice), route).outcome, 'allow')
  assert.equal(decide.now(testCaller(), route).outcome, 'allow')
  assert.deepEqual(asked, [])
})

test('a grant lets a person in until it ends, and not at its end', () => {
  const route = routeForBob(['approval'])
  const { decide, asked } = createRig({ given: { untilMs: startMs + 1 } })
  const decision = decide.now(testCaller(alice), route)
  assert.deepEqual(
    [decision.outcome, decision.access?.id, decision.validUntilMs],
    ['allow', 'q-1', startMs + 1],
  )
  assert.deepEqual(asked, [[alice.userId, route.id]])
  const over = createRig({ given: { untilMs: startMs } })
  assert.equal(over.decide.now(testCaller(alice), route).outcome, 'deny')
  assert.equal(createRig().decide.now(testCaller(alice), route).outcome, 'deny')
})

test('a service account is given nothing, whatever its id is', () => {
  const { decide, asked } = createRig({ given: {} })
  const caller = testCaller(robot)
  assert.equal(decide.now(caller, routeForBob(['approval'])).outcome, 'deny')
  assert.deepEqual(asked, [])
})

test('a gateway that gives nobody anything decides by policy alone', () => {
  const decide = createDecide({
    clock: createFakeClock(startMs),
    clientCertificates: { facts: () => undefined },
    subjectOf: (who) => who,
  })
  assert.equal(decide.now(testCaller(alice), routeForBob(['approval'])).outcome, 'deny')
})

test('a stranger is asked to sign in where access is given, by either way, and else refused', () => {
  const { decide } = createRig()
  const closed = { allow: { or: [{ source_ip: '203.0.113.0/24' }] } }
  const outcomeWith = (ways: readonly ('approval' | 'breakGlass')[]) => {
    const route = { ...routeForBob(ways), policy: testRoute(from, [1], closed).policy }
    return decide.now(testCaller(), route).outcome
  }
  assert.equal(outcomeWith(['approval']), 'sign-in')
  assert.equal(outcomeWith(['breakGlass']), 'sign-in')
  assert.equal(outcomeWith([]), 'deny')
})

test('policies are asked about whoever it is with the groups of the directory, as TCP, from where, and when', () => {
  const { decide } = createRig({
    subjectOf: (who) => who && { ...who, groups: ['dba'] },
  })
  const policy = {
    allow: {
      and: [
        { groups: { has: 'dba' } },
        { source_ip: '192.0.2.1' },
        { date: { after: '2026-11-30T11:59:59Z', before: '2026-11-30T12:00:01Z' } },
        { http_method: { is: 'CONNECT' } },
      ],
    },
  }
  assert.equal(decide.now(testCaller(alice), testRoute(from, [1], policy)).outcome, 'allow')
})

const withCertificate = {
  allow: {
    and: [{ authenticated_user: true }, { client_certificate: { fingerprint: 'a'.repeat(64) } }],
  },
}
const needsAny = {
  allow: { or: [{ authenticated_user: true }] },
  deny: { or: [{ invalid_client_certificate: true }] },
}

/** A route of a gateway that asks clients for certificates. */
function routeWithCertificates(policy: unknown): Route {
  const parsed = parsePolicy(policy)
  assert.ok('policy' in parsed, JSON.stringify(parsed))
  return { ...testRoute(from, [1]), policy: parsed.policy }
}

test('whoever only looks is told what holds with a valid certificate, once they are signed in', () => {
  const { decide } = createRig()
  const route = routeWithCertificates(needsAny)
  assert.equal(decide.now(testCaller(alice), route).outcome, 'client-certificate')
  assert.equal(decide.foreseen(testCaller(alice), route).outcome, 'allow')
  assert.equal(decide.foreseen(testCaller(), route).outcome, 'client-certificate')
  const denied = testRoute(from, [1], onlyBob)
  assert.equal(decide.foreseen(testCaller(alice), denied).outcome, 'deny')
})

test('whoever looks with the certificate that a rule names is told what holds with it', () => {
  const certificate = { ...anyValidCertificate, fingerprint: 'a'.repeat(64) }
  const route = routeWithCertificates(withCertificate)
  const { decide } = createRig({ certificate })
  assert.equal(decide.foreseen(testCaller(alice), route).outcome, 'allow')
})

test('one valid certificate is not any other', () => {
  const route = routeWithCertificates(withCertificate)
  assert.notEqual(createRig().decide.foreseen(testCaller(alice), route).outcome, 'allow')
})

test('the certificate that a client shows counts as it is judged', () => {
  const route = routeWithCertificates(needsAny)
  const certificate: ClientCertificate = {
    isValid: true,
    fingerprint: '',
    spkiHash: '',
    dnsNames: [],
    emailAddresses: [],
    uris: [],
    validUntilMs: startMs + 5,
  }
  const good = createRig({ certificate }).decide.now(testCaller(alice), route)
  assert.deepEqual([good.outcome, good.validUntilMs], ['allow', startMs + 5])
  const bad = createRig({ certificate: { ...certificate, isValid: false } })
  assert.equal(bad.decide.now(testCaller(alice), route).outcome, 'client-certificate')
})

test('somebody is told what stands in their way, and a stranger nothing', () => {
  const { decide } = createRig()
  const route = testRoute(from, [1], onlyBob)
  const told = decide.explain(testCaller(alice), route)
  assert.deepEqual([told.outcome, told.rules.length], ['deny', 1])
  assert.deepEqual(decide.explain(testCaller(), route).rules, [])
})

test("a policy that is no route's fits whom it lets in, and nobody else", () => {
  const { decide } = createRig()
  const { policy } = testRoute(from, [1], onlyBob)
  assert.equal(decide.fits(testCaller(testSession('bob', 'bob@example.com')), policy), true)
  assert.equal(decide.fits(testCaller(alice), policy), false)
  assert.equal(decide.fits(testCaller(), policy), false)
})

test('somebody who is supposed comes with the groups of the directory, unless they come as was said', () => {
  const { decide } = createRig({
    subjectOf: (who) => who && { ...who, groups: ['dba'] },
  })
  const route = testRoute(from, [1], { allow: { or: [{ groups: { has: 'dba' } }] } })
  const caller: SupposedCaller = {
    subject: alice,
    ip: '192.0.2.1',
    clientCertificate: undefined,
    nowMs: startMs,
  }
  assert.equal(decide.supposed(caller, route).outcome, 'allow')
  assert.equal(decide.traced(caller, route).decision.outcome, 'allow')
  const asSaid = { ...caller, isAsSaid: true }
  assert.equal(decide.supposed(asSaid, route).outcome, 'deny')
  assert.equal(decide.traced(asSaid, route).decision.outcome, 'deny')
})
