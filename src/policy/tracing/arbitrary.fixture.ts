import fc from 'fast-check'
import type { ClientCertificate, RequestFacts, Subject } from '../facts.ts'

// Policies and facts that meet: everything is drawn from a few values, so that criteria hold as often as not.

const emails = [
  'ann@corp.example',
  'Ann@Corp.example',
  'bo@corp.example',
  'x@evil.example@corp.example',
  'cy@other.example',
]
const domains = ['corp.example', 'other.example']
const groupNames = ['dba', 'dev', 'ann@corp.example']
const ids = ['u-ann', 'u-bo']
const providerIds = ['default', 'partner']
const accounts = ['backup', 'ci']
const addresses = ['192.0.2.7', '198.51.100.9', '2001:db8::1']
const ranges = ['192.0.2.0/24', '198.51.100.9', '2001:db8::/32', '0.0.0.0/0']
const fingerprint = 'ab'.repeat(32)

const pick = <Value>(values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values)

function stringMatcher(values: readonly string[]): fc.Arbitrary<unknown> {
  const value = pick(values)
  const some = fc.uniqueArray(value, { minLength: 1, maxLength: 2 })
  return fc.oneof(
    value,
    fc.record({ is: value }),
    fc.record({ not: value }),
    fc.record({ in: some }),
    fc.record({ not_in: some, ends_with: value }),
    fc.record({ starts_with: value }),
    fc.record({ contains: value }),
  )
}

function listMatcher(values: readonly string[]): fc.Arbitrary<unknown> {
  const value = pick(values)
  return fc.oneof(
    value,
    fc.record({ has: value }),
    fc.record({ is: value }),
    fc.record({ exclude: value }),
  )
}

const named = (name: string, data: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  data.map((value) => ({ [name]: value }))

/** One criterion of the policy language, of every kind. */
export const arbitraryCriterion: fc.Arbitrary<unknown> = fc.oneof(
  named('accept', fc.constant(true)),
  named('reject', fc.constant(true)),
  named('authenticated_user', fc.constant(true)),
  named('user', stringMatcher([...ids, ...accounts])),
  named('email', stringMatcher(emails)),
  named('domain', stringMatcher(domains)),
  named('claim/department', listMatcher(['r&d', 'sales'])),
  named('claim/email', listMatcher(emails)),
  named('groups', listMatcher(groupNames)),
  named('provider', stringMatcher(providerIds)),
  named('source_ip', fc.oneof(pick(ranges), fc.constant(ranges.slice(0, 2)))),
  named('http_method', stringMatcher(['CONNECT', 'GET'])),
  named('http_path', fc.record({ not: pick(['/a', '/b']) })),
  named('client_certificate', fc.constant({ fingerprint })),
  named('invalid_client_certificate', fc.constant(true)),
  named('date', fc.record({ after: pick(['2026-03-01', '2026-03-05']) })),
  named('day_of_week', pick<unknown>(['mon-fri', 'sat', { days: 'wed', timezone: 'Asia/Tokyo' }])),
  named('time_of_day', pick([{ timezone: 'Europe/Berlin', after: '9 AM', before: '17:30' }])),
)

function policyFrom(criterion: fc.Arbitrary<unknown>): fc.Arbitrary<readonly unknown[]> {
  const criteria = fc.array(criterion, { minLength: 1, maxLength: 3 })
  const body = fc
    .record({ and: criteria, or: criteria, not: criteria, nor: criteria }, { requiredKeys: [] })
    .filter((operators) => Object.keys(operators).length > 0)
  const rule = fc
    .record({ allow: body, deny: body }, { requiredKeys: [] })
    .filter((sides) => Object.keys(sides).length > 0)
  const allow = fc.record({ allow: body })
  return fc.array(fc.oneof(allow, allow, rule), { maxLength: 3 })
}

/** A document of the policy language. */
export const arbitraryPolicy = policyFrom(arbitraryCriterion)

function oneOfThese(values: readonly string[]): fc.Arbitrary<unknown> {
  const some = fc.uniqueArray(pick(values), { minLength: 1, maxLength: 2 })
  return fc.oneof(
    pick(values),
    fc.record({ is: pick(values) }),
    fc.record({ not: pick(values) }),
    fc.record({ in: some }),
    fc.record({ not_in: some }),
  )
}

/** One of criteria that Cloudflare's words can mostly say. */
export const arbitrarySharedPolicy = policyFrom(
  fc.oneof(
    named('accept', fc.constant(true)),
    named('reject', fc.constant(true)),
    named('authenticated_user', fc.constant(true)),
    named('email', oneOfThese(emails.slice(0, 3))),
    named('email', oneOfThese(emails.slice(0, 3))),
    named('domain', oneOfThese(domains)),
    named('groups', fc.oneof(pick(groupNames), fc.record({ exclude: pick(groupNames) }))),
    named('groups', fc.record({ has: pick(groupNames) })),
    named('source_ip', fc.oneof(pick(ranges), fc.constant(ranges.slice(0, 2)))),
  ),
)

const aboutPeople = fc.oneof(
  named('email', pick(emails.slice(0, 3))),
  named('email_domain', pick(domains)),
  named('group', pick(groupNames)),
)
const aboutRequest = fc.oneof(named('ip', pick(ranges)), named('everyone', fc.constant(true)))
const aboutAccounts = fc.oneof(
  named('service_token', pick(accounts)),
  named('any_valid_service_token', fc.constant(true)),
)

function accessPolicy(
  actions: readonly string[],
  selector: fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const selectors = fc.array(selector, { maxLength: 2 })
  return fc.record(
    {
      name: pick(['one', 'two']),
      action: pick(actions),
      include: fc.array(selector, { minLength: 1, maxLength: 2 }),
      require: selectors,
      exclude: selectors,
    },
    { requiredKeys: ['action', 'include'] },
  )
}

/** A list of policies in Cloudflare's words. */
export const arbitraryAccessPolicies: fc.Arbitrary<readonly unknown[]> = fc.array(
  fc.oneof(
    accessPolicy(['allow', 'block'], fc.oneof(aboutPeople, aboutPeople, aboutRequest)),
    accessPolicy(['bypass'], aboutRequest),
    accessPolicy(['service_auth'], fc.oneof(aboutAccounts, aboutRequest)),
  ),
  { maxLength: 4 },
)

const person: fc.Arbitrary<Subject> = fc.record({
  kind: fc.constant('person' as const),
  userId: pick(ids),
  email: fc.option(pick(emails), { nil: undefined }),
  provider: fc.option(pick(providerIds), { nil: undefined }),
  emailVerified: fc.boolean(),
  groups: fc.subarray(groupNames),
  claimedGroups: fc.subarray(groupNames, { maxLength: 1 }),
  claims: fc.record(
    {
      department: pick<unknown>(['r&d', ['r&d', 'sales'], 7]),
      email: pick<unknown>([...emails, emails]),
    },
    { requiredKeys: [] },
  ),
})

const account: fc.Arbitrary<Subject> = pick(accounts).map((userId) => ({
  kind: 'service-account',
  userId,
  email: undefined,
  emailVerified: false,
  groups: [],
  claims: {},
}))

const certificate: fc.Arbitrary<ClientCertificate> = fc.record({
  isValid: fc.boolean(),
  fingerprint: pick([fingerprint, 'cd'.repeat(32)]),
  spkiHash: fc.constant(''),
  dnsNames: fc.constant([]),
  emailAddresses: fc.constant([]),
  uris: fc.constant([]),
  validUntilMs: pick([undefined, Date.UTC(2026, 3, 1)]),
})

/** Who asks, from where and when. */
export const arbitraryFacts: fc.Arbitrary<RequestFacts> = fc.record({
  subject: fc.option(fc.oneof(person, person, account), { nil: undefined }),
  method: fc.constant('CONNECT'),
  path: fc.constant(''),
  sourceIp: pick(addresses),
  clientCertificate: fc.option(certificate, { nil: undefined }),
  nowMs: fc.integer({ min: Date.UTC(2026, 2, 1), max: Date.UTC(2026, 2, 8) }),
})
