import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ClientCertificate, RequestFacts, Subject } from '../facts.ts'
import { parsePolicy } from './parse.ts'
import { policyOf } from './policy.suite.ts'

// A second evaluator, from the rules of the language and nothing of the first: sets of reasons, one
// rule at a time, each criterion by hand. It is slow and has no matchers, zones or compiled form.

type Criterion = Readonly<Record<string, unknown>>
type Rule = Readonly<Record<string, Readonly<Record<string, readonly Criterion[]>>>>
type Said = { readonly value: boolean; readonly reasons: ReadonlySet<string> }

const names = ['ada', 'bob'] as const
const domains = ['a.example', 'b.example'] as const
const groups = ['dev', 'ops'] as const
const fingerprints = ['aa', 'bb'].map((pair) => pair.repeat(32)) as [string, string]
const moments = ['2026-01-01', '2026-02-01', '2026-03-01'] as const

function slowCertificate(
  data: { fingerprint: string } | undefined,
  certificate: ClientCertificate | undefined,
): Said {
  const say = (value: boolean, reason: string): Said => ({ value, reasons: new Set([reason]) })
  if (data === undefined) {
    if (certificate?.isValid === true) return say(false, 'valid-client-certificate')
    return say(true, certificate ? 'invalid-client-certificate' : 'client-certificate-required')
  }
  if (certificate === undefined) return say(false, 'client-certificate-required')
  return certificate.isValid && certificate.fingerprint === data.fingerprint
    ? say(true, 'client-certificate-ok')
    : say(false, 'client-certificate-unauthorized')
}

/** Of somebody whose address is theirs, and of one who only claims it; `ofNobody` is without any. */
function slowEmail(
  holds: boolean,
  ofNobody: boolean,
  stem: string,
  isVerified: boolean,
  stands: string,
): Said {
  const said = (value: boolean): Said => ({
    value,
    reasons: new Set([`${stem}-${value ? 'ok' : 'unauthorized'}`]),
  })
  const unverified = (value: boolean): Said => ({ value, reasons: new Set(['email-unverified']) })
  if (isVerified) return said(holds)
  const isTurned = stands.endsWith('not') || stands.endsWith('nor')
  if (stands.startsWith('allow')) return unverified(isTurned)
  const value = isTurned ? holds && ofNobody : holds || ofNobody
  return value === holds ? said(value) : unverified(value)
}

function slowCriterion(
  criterion: Criterion,
  { subject, ...request }: RequestFacts,
  stands: string,
): Said {
  const [name, data] = Object.entries(criterion)[0] ?? []
  const say = (value: boolean, stem: string): Said => ({
    value,
    reasons: new Set([`${stem}-${value ? 'ok' : 'unauthorized'}`]),
  })
  switch (name) {
    case 'accept':
      return { value: true, reasons: new Set(['accept']) }
    case 'reject':
      return { value: false, reasons: new Set(['reject']) }
    case 'source_ip':
      return say(request.sourceIp === data, 'source-ip')
    case 'http_method':
      return say(data === 'CONNECT', 'http-method')
    case 'client_certificate':
      return slowCertificate(data as { fingerprint: string }, request.clientCertificate)
    case 'invalid_client_certificate':
      return slowCertificate(undefined, request.clientCertificate)
    case 'date':
      return say(request.nowMs >= Date.parse((data as { after: string }).after), 'date')
    default:
  }
  if (subject === undefined) return { value: false, reasons: new Set(['user-unauthenticated']) }
  const email = subject.email?.toLowerCase() ?? ''
  switch (name) {
    case 'authenticated_user':
      return say(true, 'user')
    case 'user':
      return say(subject.userId === data, 'user')
    case 'email':
      return slowEmail(
        email !== (data as { not: string }).not.toLowerCase(),
        true,
        'email',
        subject.emailVerified,
        stands,
      )
    case 'domain':
      return slowEmail(
        email.endsWith(`@${String(data).toLowerCase()}`),
        false,
        'domain',
        subject.emailVerified,
        stands,
      )
    case 'groups':
      return say(subject.groups.includes((data as { has: string }).has), 'groups')
    case 'claim/team':
      return say(subject.claims['team'] === data, 'claim')
    default:
      return assert.fail(`no slow ${name}`)
  }
}

function reasonsOf(said: readonly Said[]): ReadonlySet<string> {
  return new Set(said.flatMap(({ reasons }) => [...reasons]))
}

function slowOperator(operator: string, said: readonly Said[]): Said {
  const isTrue = said.filter(({ value }) => value)
  const isFalse = said.filter(({ value }) => !value)
  const all = reasonsOf(said)
  switch (operator) {
    case 'and':
      return isFalse.length === 0
        ? { value: true, reasons: all }
        : { value: false, reasons: reasonsOf(isFalse) }
    case 'or':
      return isTrue.length > 0
        ? { value: true, reasons: reasonsOf(isTrue) }
        : { value: false, reasons: all }
    case 'not':
      return isTrue.length === 0
        ? { value: true, reasons: all }
        : { value: false, reasons: reasonsOf(isTrue) }
    default:
      return isFalse.length > 0
        ? { value: true, reasons: reasonsOf(isFalse) }
        : { value: false, reasons: all }
  }
}

function slowSide(rules: readonly Rule[], side: string, facts: RequestFacts): Said {
  let merged: Said = { value: false, reasons: new Set() }
  for (const rule of rules) {
    for (const [operator, criteria] of Object.entries(rule[side] ?? {})) {
      if (criteria.length === 0) continue
      const said = slowOperator(
        operator,
        criteria.map((criterion) => slowCriterion(criterion, facts, `${side} ${operator}`)),
      )
      if (said.value === merged.value) {
        merged = { value: said.value, reasons: reasonsOf([merged, said]) }
      } else if (said.value) merged = said
    }
  }
  return merged
}

function slowOutcome(allow: Said, deny: Said): string {
  const noCertificate = ['client-certificate-required', 'invalid-client-certificate']
  const lacksOne = ({ reasons }: Said): boolean => noCertificate.some((code) => reasons.has(code))
  if (lacksOne(deny)) return 'client-certificate'
  for (const { reasons } of [allow, deny]) {
    if (reasons.has('user-unauthenticated')) return 'sign-in'
  }
  if (deny.value) return 'deny'
  if (allow.value) return 'allow'
  return lacksOne(allow) ? 'client-certificate' : 'deny'
}

function slowValidUntil(
  rules: readonly Rule[],
  { nowMs, clientCertificate }: RequestFacts,
): number | undefined {
  const text = JSON.stringify(rules)
  const dates = text.match(/\d{4}-\d{2}-\d{2}/g) ?? []
  const later = dates.map((date) => Date.parse(date)).filter((atMs) => atMs > nowMs)
  const expiresAtMs = text.includes('client_certificate') && clientCertificate?.validUntilMs
  if (typeof expiresAtMs === 'number') later.push(expiresAtMs)
  return later.sort((one, other) => one - other)[0]
}

const anyEmail = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom(...domains), fc.boolean())
  .map(([name, domain, isLoud]) => {
    const email = `${name}@${domain}`
    return isLoud ? email.toUpperCase() : email
  })

const anyCriterion: fc.Arbitrary<Criterion> = fc.oneof(
  fc.constantFrom({ accept: true }, { reject: true }, { authenticated_user: true }),
  fc.constantFrom(...names).map((user) => ({ user })),
  anyEmail.map((email) => ({ email: { not: email } })),
  fc.constantFrom(...domains, 'A.EXAMPLE').map((domain) => ({ domain })),
  fc.constantFrom(...groups).map((has) => ({ groups: { has } })),
  fc.constantFrom('red', 'blue').map((team) => ({ 'claim/team': team })),
  fc.constantFrom('192.0.2.1', '2001:db8::1').map((address) => ({ source_ip: address })),
  fc.constantFrom('CONNECT', 'GET').map((method) => ({ http_method: method })),
  fc.constantFrom(...moments).map((after) => ({ date: { after } })),
  fc.constantFrom(...fingerprints).map((fingerprint) => ({ client_certificate: { fingerprint } })),
  fc.constant({ invalid_client_certificate: true }),
)

const anyBody = fc.dictionary(
  fc.constantFrom('and', 'or', 'not', 'nor'),
  fc.array(anyCriterion, { maxLength: 3 }),
  { maxKeys: 4, noNullPrototype: true },
)

const anyDocument: fc.Arbitrary<readonly Rule[]> = fc.array(
  fc.record({ allow: anyBody, deny: anyBody }, { requiredKeys: [] }),
  { maxLength: 3 },
)

const anySubject: fc.Arbitrary<Subject> = fc.record({
  kind: fc.constant('person' as const),
  userId: fc.constantFrom(...names),
  email: fc.option(anyEmail, { nil: undefined }),
  emailVerified: fc.boolean(),
  groups: fc.subarray([...groups]),
  claims: fc.record({ team: fc.constantFrom('red', 'blue') }, { requiredKeys: [] }),
})

const anyCertificate: fc.Arbitrary<ClientCertificate> = fc.record({
  isValid: fc.boolean(),
  fingerprint: fc.constantFrom(...fingerprints),
  spkiHash: fc.constant(''),
  dnsNames: fc.constant([]),
  emailAddresses: fc.constant([]),
  uris: fc.constant([]),
  validUntilMs: fc.option(fc.constant(Date.parse('2026-04-01')), { nil: undefined }),
})

const anyFacts: fc.Arbitrary<RequestFacts> = fc.record({
  subject: fc.option(anySubject, { nil: undefined }),
  method: fc.constant('CONNECT'),
  path: fc.constant(''),
  sourceIp: fc.constantFrom('192.0.2.1', '2001:db8::1', '198.51.100.1'),
  clientCertificate: fc.option(anyCertificate, { nil: undefined }),
  nowMs: fc.constantFrom(...moments.flatMap((date) => [Date.parse(date) - 1, Date.parse(date)])),
})

test('values, reasons, outcome and end of a decision are those of a slow evaluator', () => {
  fc.assert(
    fc.property(anyDocument, anyFacts, (document, facts) => {
      const allow = slowSide(document, 'allow', facts)
      const deny = slowSide(document, 'deny', facts)
      assert.deepEqual(policyOf(parsePolicy(document)).evaluate(facts), {
        outcome: slowOutcome(allow, deny),
        allow: { value: allow.value, reasons: [...allow.reasons].sort() },
        deny: { value: deny.value, reasons: [...deny.reasons].sort() },
        validUntilMs: slowValidUntil(document, facts),
      })
    }),
    { numRuns: 3000 },
  )
})

test('nobody who is signed in is asked to sign in again', () => {
  fc.assert(
    fc.property(anyDocument, anyFacts, (document, facts) => {
      const { outcome } = policyOf(parsePolicy(document)).evaluate(facts)
      if (facts.subject !== undefined) assert.notEqual(outcome, 'sign-in')
    }),
    { numRuns: 1000 },
  )
})

test('a policy that asks nobody who they are decides the same for everybody', () => {
  fc.assert(
    fc.property(anyDocument, anyFacts, (document, facts) => {
      const policy = policyOf(parsePolicy(document))
      fc.pre(!policy.readsSubject)
      assert.deepEqual(policy.evaluate(facts), policy.evaluate({ ...facts, subject: undefined }))
    }),
    { numRuns: 300 },
  )
})

test('whatever a document holds, parsing answers with a policy or with problems', () => {
  const key = fc.constantFrom('allow', 'deny', 'or', 'not', 'email', 'claim/a', 'date', 'is', 'x')
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom('x', '', 1, true, null, '10.0.0.0/8'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 3 }),
    ),
  }))
  fc.assert(
    fc.property(tree, anyFacts, (document, facts) => {
      const parsed = parsePolicy(document)
      if ('policy' in parsed) parsed.policy.evaluate(facts)
      else assert.ok(parsed.problems.length > 0)
    }),
    { numRuns: 2000 },
  )
})
