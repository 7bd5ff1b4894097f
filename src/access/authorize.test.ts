import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError } from '../errors.ts'
import type { AnySession } from '../identity/session.ts'
import type { Decision, Verdict } from '../policy/decision.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { Route } from '../routes/route.ts'
import type { Turns } from '../turns.ts'
import type { AuthorizeLine } from '../telemetry/authorize-fields.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { testCaller, testRoute, testServiceAccount, testSession } from './access.fixture.ts'
import type { AccessDecision } from './access-grant.ts'
import { createAuthorize } from './authorize.ts'
import type { Denial, DenialKey } from './denial.ts'
import { DeniedError } from './denied.ts'
import type { TunnelRequest } from './grant.ts'

const target = { protocol: 'tcp', host: 'db.example.com', port: 5432 } as const
const request: TunnelRequest = { requestId: 'r-1', target, authority: 'DB.example.com:5432' }
const alice = { ...testSession('alice', 'alice@example.com'), expiresAtMs: 9_000 }
const robot = testServiceAccount('robot', 'key')
const protectedRoute = testRoute('tcp+https://db.example.com:5432', [1], {
  allow: { or: [{ authenticated_user: true }] },
})
const publicRoute = testRoute('tcp+https://db.example.com:5432', [1])
const trace = { outcome: 'deny', rules: [], hasMore: false } as const

function side(value: boolean, ...reasons: readonly string[]): Verdict {
  return { value, reasons }
}

function decisionOf(outcome: Decision['outcome'], more: Partial<AccessDecision> = {}) {
  const allow = side(outcome === 'allow')
  return { outcome, allow, deny: side(false), validUntilMs: undefined, ...more } as AccessDecision
}

interface RigOptions {
  readonly certificateProblem?: string
  readonly groupsFault?: string
  readonly page?: URL
  readonly keepsDenials?: boolean
  readonly blocked?: Error
  readonly words?: Pick<Turns, 'pass'>
}

/** Authorizes by a decision that the test makes, and says what was logged and kept. */
function createRig(decision: AccessDecision, options: RigOptions = {}) {
  const { certificateProblem, groupsFault, page, keepsDenials = true, blocked, words } = options
  const logged: AuthorizeLine[] = []
  const counted: string[] = []
  const kept: { key: DenialKey; denial: Omit<Denial, 'atMs'> }[] = []
  const looked: AnySession[] = []
  const authorize = createAuthorize({
    decide: { now: () => decision, explain: () => trace },
    authorizeLog: { check: (line) => void logged.push(line), selectFields: () => undefined },
    metrics: { ...createMetrics(), decided: (outcome) => void counted.push(outcome) },
    clientCertificates: { problemOf: () => certificateProblem },
    groupsClaim: { faultOf: () => groupsFault },
    blockedPeople: {
      check(session) {
        looked.push(session as AnySession)
        if (blocked !== undefined) throw blocked
      },
    },
    ...(keepsDenials && {
      keepDenial(key: DenialKey, make: () => Omit<Denial, 'atMs'>) {
        kept.push({ key, denial: make() })
        return page
      },
    }),
    words,
    settingsRevision: () => 7,
  })
  const ask = (session?: AnySession, { route = protectedRoute, ...more }: Asked = {}) => {
    const caller = { ...testCaller(), session, sessionVersion: session && 1 }
    return authorize(request, caller, { route, ...more })
  }
  return { logged, counted, kept, looked, ask, refused: refusedBy(ask) }
}

interface Asked {
  readonly route?: Route
  readonly headers?: RequestHeaders
  readonly isRecheck?: boolean
}

/** What somebody is refused with. */
function refusedBy(ask: (session?: AnySession, more?: Asked) => unknown) {
  return (session?: AnySession, more: Asked = {}): AccessError => {
    try {
      ask(session, more)
    } catch (error) {
      assert.ok(error instanceof AccessError, String(error))
      return error
    }
    return assert.fail('was let in')
  }
}

test('whoever policy lets in gets a grant of what was decided, by the settings of now', () => {
  const decision = decisionOf('allow')
  const { ask, logged, counted } = createRig(decision)
  const headers = { 'user-agent': 'psql' }
  const grant = ask(alice, { headers })
  assert.deepEqual(
    [grant.request, grant.caller.session, grant.route, grant.decision, grant.settingsRevision],
    [request, alice, protectedRoute, decision, 7],
  )
  assert.deepEqual(counted, ['allow'])
  const [{ requestId, method, path, authority, ip, isRecheck, ...line } = assert.fail()] = logged
  assert.deepEqual(
    [requestId, method, path, authority, ip, isRecheck],
    ['r-1', 'CONNECT', '', 'DB.example.com:5432', '192.0.2.1', false],
  )
  assert.deepEqual(line, { headers, session: alice, route: protectedRoute, decision })
})

test('a grant is good until the first of the decision and the session ends', () => {
  const until = (validUntilMs: number | undefined, session?: AnySession) =>
    createRig(decisionOf('allow', { validUntilMs })).ask(session).validUntilMs
  assert.equal(until(8_000, alice), 8_000)
  assert.equal(until(10_000, alice), 9_000)
  assert.equal(until(undefined, alice), 9_000)
  assert.equal(until(8_000, robot), 8_000)
  assert.equal(until(undefined, robot), undefined)
  assert.equal(until(undefined), undefined)
})

test('a tunnel that is decided again and stays is counted and not logged', () => {
  const stays = createRig(decisionOf('allow'))
  stays.ask(alice, { isRecheck: true })
  assert.deepEqual([stays.logged.length, stays.counted], [0, ['allow']])
  const goes = createRig(decisionOf('deny'))
  goes.refused(alice, { isRecheck: true })
  assert.deepEqual([goes.logged.length, goes.logged[0]?.isRecheck], [1, true])
})

test('a tunnel that may no longer be is said to be so in its turn, behind its cut', () => {
  const waiting: (() => void)[] = []
  const words = { pass: (work: () => void) => void waiting.push(work) }
  const rig = createRig(decisionOf('deny'), { words })
  rig.refused(alice, { isRecheck: true })
  assert.equal(rig.logged.length, 0)
  for (const word of waiting) word()
  assert.deepEqual([rig.logged.length, rig.logged[0]?.isRecheck], [1, true])
  rig.refused(alice)
  assert.deepEqual([rig.logged.length, waiting.length], [2, 1])
})

test('a person who is blocked gets nothing, whatever policy says; a service account is no person', () => {
  const blocked = new AccessError('person-blocked', 'blocked', { hint: 'ask' })
  const rig = createRig(decisionOf('allow'), { blocked })
  assert.throws(() => rig.ask(alice), blocked)
  assert.deepEqual([rig.looked, rig.counted], [[alice], []])
  rig.ask(robot)
  rig.ask()
  assert.deepEqual(rig.looked, [alice])
})

test('whoever has to sign in is told so, and nothing of the policy', () => {
  const decision = decisionOf('sign-in', { allow: side(false, 'user-unauthenticated') })
  const { refused, kept } = createRig(decision)
  const { code, message, hint } = refused()
  assert.equal(code, 'sign-in-required')
  assert.equal(message, 'this route needs you to sign in')
  assert.equal(hint, 'sign in; "postern tcp" opens the browser for you')
  assert.deepEqual(kept, [])
})

test('a stranger who is refused learns neither the reasons nor whom to ask', () => {
  const decision = decisionOf('deny', { allow: side(false, 'source-ip-unauthorized') })
  const route = { ...publicRoute, contact: 'dba@example.com' }
  const error = createRig(decision).refused(undefined, { route })
  assert.ok(error instanceof DeniedError)
  assert.deepEqual(
    [error.code, error.message, error.hint, error.reasons, error.advice, error.page],
    [
      'policy-denied',
      'you may not use this route',
      'ask whoever runs this gateway for access',
      [],
      [],
      undefined,
    ],
  )
})

test("a credential that is nobody's is named where the policy asks who it is, and only for a plain no", () => {
  const headers = { authorization: 'Pomerium nobody' }
  const codeOf = (
    outcome: Decision['outcome'],
    session: AnySession | undefined,
    route: Route,
    sent: RequestHeaders = headers,
  ) => createRig(decisionOf(outcome)).refused(session, { route, headers: sent }).code
  assert.equal(codeOf('deny', undefined, protectedRoute), 'credential-unknown')
  assert.equal(codeOf('deny', undefined, protectedRoute, {}), 'policy-denied')
  assert.equal(codeOf('deny', undefined, publicRoute), 'policy-denied')
  assert.equal(codeOf('deny', alice, protectedRoute), 'policy-denied')
  assert.equal(codeOf('sign-in', undefined, protectedRoute), 'sign-in-required')
  const withoutHeaders = createRig(decisionOf('deny')).refused(undefined)
  assert.equal(withoutHeaders.code, 'policy-denied')
  const { message, hint } = createRig(decisionOf('deny')).refused(undefined, { headers })
  assert.equal(message, 'the gateway does not accept the credential that this request carries')
  assert.match(hint ?? '', /^it may be mistyped, expired or revoked: ask .+, or sign in$/)
})

test('a client without a certificate is told that one is needed, and the log why its own is not trusted', () => {
  const allow = side(false, 'user-ok', 'client-certificate-required')
  const missing = createRig(decisionOf('client-certificate', { allow })).refused(alice)
  assert.ok(missing instanceof DeniedError)
  assert.deepEqual(
    [missing.code, missing.message, missing.reasons, missing.cause],
    [
      'client-certificate-required',
      'a valid client certificate is required',
      ['client-certificate-required'],
      undefined,
    ],
  )
  assert.match(missing.hint ?? '', /postern tcp --client-cert FILE --client-key FILE/)
  const deny = side(true, 'invalid-client-certificate', 'email-ok')
  const certificateProblem = 'expired'
  const rig = createRig(decisionOf('client-certificate', { allow, deny }), { certificateProblem })
  const invalid = rig.refused(alice)
  assert.ok(invalid instanceof DeniedError)
  assert.equal(invalid.code, 'client-certificate-invalid')
  assert.deepEqual(invalid.reasons, ['invalid-client-certificate', 'client-certificate-required'])
  assert.equal((invalid.cause as Error).message, 'client certificate not trusted: expired')
  assert.ok(!invalid.message.includes('expired') && !invalid.hint?.includes('expired'))
  assert.equal(rig.kept.length, 1)
})

test('a refusal tells a person why, by the side that says no, and whom to ask', () => {
  const decision = decisionOf('deny', {
    allow: side(false, 'groups-unauthorized'),
    deny: side(false, 'source-ip-ok'),
  })
  const route = { ...protectedRoute, name: 'db', contact: 'dba@example.com' }
  const error = createRig(decision, { groupsFault: 'no groups came' }).refused(alice, { route })
  assert.ok(error instanceof DeniedError)
  assert.match(
    error.message,
    /^"alice@example\.com" may not use route "db": [^;]+; no groups came$/,
  )
  assert.equal(error.hint, 'ask dba@example.com for access, and give the request id')
  assert.deepEqual(error.reasons, ['groups-unauthorized'])
  const denied = decisionOf('deny', { allow: side(true, 'email-ok'), deny: side(true, 'user-ok') })
  const other = createRig(denied).refused(alice)
  assert.deepEqual(other instanceof DeniedError && other.reasons, ['user-ok'])
})

test('a refusal without reasons ends with the route, and names an account as one', () => {
  const route = { ...protectedRoute, name: 'db' }
  const { refused } = createRig(decisionOf('deny'))
  assert.equal(refused(robot, { route }).message, 'service account "robot" may not use route "db"')
  const nameless = { ...alice, email: undefined }
  assert.equal(refused(nameless, { route }).message, '"user-alice" may not use route "db"')
})

test('named policies that say no explain it and say where to go, each place once', () => {
  const advice = [
    { policy: 'a', explanation: 'only from the office', remediation: 'use the VPN' },
    { policy: 'b', explanation: '', remediation: 'use the VPN' },
    { policy: 'c', explanation: 'trained people', remediation: '' },
  ]
  const route = { ...protectedRoute, name: 'db' }
  const error = createRig(decisionOf('deny', { advice })).refused(alice, { route })
  assert.equal(
    error.message,
    '"alice@example.com" may not use route "db": only from the office; trained people',
  )
  assert.equal(
    error.hint,
    'use the VPN; or ask whoever runs this gateway for access, and give the request id',
  )
  assert.deepEqual(error instanceof DeniedError && error.advice, advice)
})

test('a refusal says how to ask for access for a while, where a person could be given it', () => {
  const route = { ...protectedRoute, approval: { approvers: protectedRoute.policy, maxMs: 1 } }
  const hintOf = (decision: AccessDecision, session: AnySession, on: Route = route) =>
    createRig(decision).refused(session, { route: on }).hint ?? ''
  const command =
    /^ask for it with "postern request db\.example\.com:5432 --for 1h --reason TEXT"; or ask /
  const lacking = decisionOf('deny')
  assert.match(hintOf(lacking, alice), command)
  assert.doesNotMatch(hintOf(lacking, robot), /postern request/)
  assert.doesNotMatch(hintOf(lacking, alice, protectedRoute), /postern request/)
  const denied = decisionOf('deny', { deny: side(true, 'user-ok') })
  assert.doesNotMatch(hintOf(denied, alice), /postern request/)
})

test('what a person was refused by is kept for them to read, with the page that says so', () => {
  const page = new URL('https://gw.example.com/denied/r-1')
  const route = { ...protectedRoute, name: 'db', namespace: 'ops', contact: 'dba', revision: 3 }
  const decision = decisionOf('deny', { allow: side(false, 'email-unauthorized') })
  const rig = createRig(decision, { page })
  const error = rig.refused(alice, { route })
  assert.ok(error instanceof DeniedError)
  assert.equal(error.page, page)
  const { message } = error
  const known = { id: 'r-1', userId: 'user-alice', routeId: route.id, ip: '192.0.2.1', message }
  assert.deepEqual(rig.kept, [
    {
      key: { ...known, routeRevision: 3 },
      denial: {
        ...known,
        email: 'alice@example.com',
        routeName: 'db',
        namespace: 'ops',
        contact: 'dba',
        target: 'db.example.com:5432',
        next: error.hint,
        reasons: ['email-unauthorized'],
        advice: [],
        trace,
      },
    },
  ])
})

test('nothing is kept of a service account, of nobody, or where nothing keeps it', () => {
  const rig = createRig(decisionOf('deny'))
  rig.refused(robot)
  rig.refused()
  assert.deepEqual(rig.kept, [])
  const without = createRig(decisionOf('deny'), { keepsDenials: false }).refused(alice)
  assert.ok(without instanceof DeniedError)
  assert.equal(without.page, undefined)
})
