import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Decision } from '../decision.ts'
import type { RequestFacts, Subject } from '../facts.ts'
import { alice, backup, factsWith, policyOf, problemsIn } from '../language/policy.suite.ts'
import { parseApplicationPolicy } from './parse.ts'
import { allSelectors } from './selectors.ts'

const rules = { clientCertificates: 'none' } as const
const hourMs = 3_600_000

/** What a list of policies decides. */
function decide(policies: unknown, changes?: Partial<RequestFacts>): Decision {
  return policyOf(parseApplicationPolicy(policies, rules)).evaluate(factsWith(changes))
}

const outcome = (policies: unknown, changes?: Partial<RequestFacts>): string =>
  decide(policies, changes).outcome

const nobody = { subject: undefined }
const account = { subject: backup }
const isAlice = { action: 'allow', include: [{ email: 'Alice@corp.example' }] }

describe('the policies of an application', () => {
  test('deny everybody where there is none, or none matches', () => {
    for (const facts of [{}, nobody, account]) assert.equal(outcome([], facts), 'deny')
    const bob = [{ action: 'allow', include: [{ email: 'bob@corp.example' }] }]
    const { outcome: denied, allow } = decide(bob)
    assert.deepEqual([denied, allow.reasons], ['deny', ['email-unauthorized']])
  })

  test('let in whom one of include, all of require and none of exclude name', () => {
    const policies = [
      {
        action: 'allow',
        include: [{ email: 'bob@corp.example' }, { email_domain: 'corp.example' }],
        require: [{ ip: '192.0.2.0/24' }, { group: 'engineering' }],
        exclude: [{ group: 'contractors' }],
      },
    ]
    assert.equal(outcome(policies), 'allow')
    assert.equal(outcome(policies, { sourceIp: '198.51.100.1' }), 'deny')
    const changed = (changes: Partial<Subject>): string =>
      outcome(policies, { subject: { ...alice, ...changes } })
    assert.equal(changed({ groups: ['engineering', 'contractors'] }), 'deny')
    assert.equal(changed({ groups: [] }), 'deny')
    assert.equal(changed({ email: 'alice@other.example' }), 'deny')
  })

  test('are asked in order, and the first that matches decides', () => {
    const block = { action: 'block', include: [{ group: 'on-call' }] }
    assert.equal(outcome([isAlice, block]), 'allow')
    const { outcome: denied, deny } = decide([block, isAlice])
    assert.deepEqual([denied, deny.reasons], ['deny', ['groups-ok']])
  })

  test('of bypass and service_auth come first, wherever they stand', () => {
    const block = { action: 'deny', include: [{ everyone: {} }] }
    const office = { action: 'bypass', include: [{ ip: { ip: '192.0.2.7' } }] }
    const robots = { action: 'non_identity', include: [{ service_token: 'backup' }] }
    for (const facts of [{}, nobody, account])
      assert.equal(outcome([block, office], facts), 'allow')
    assert.equal(outcome([block, robots], account), 'allow')
    assert.equal(outcome([block, robots]), 'deny')
  })

  test('ask whoever is not signed in to do so only where an allow could match then', () => {
    assert.equal(outcome([isAlice], nobody), 'sign-in')
    assert.equal(outcome([{ action: 'allow', include: [{ everyone: true }] }], nobody), 'sign-in')
    const elsewhere = { ...isAlice, require: [{ ip: '198.51.100.0/24' }] }
    assert.equal(outcome([elsewhere], nobody), 'deny')
    const shut = { action: 'block', include: [{ ip: '192.0.2.7' }] }
    assert.equal(outcome([shut, isAlice], nobody), 'deny')
    assert.equal(outcome([{ ...shut, exclude: [{ group: 'dba' }] }, isAlice], nobody), 'sign-in')
    const robots = { action: 'service_auth', include: [{ any_valid_service_token: true }] }
    assert.equal(outcome([robots], nobody), 'deny')
  })

  test('let service accounts in by service_auth alone, and nobody else by that', () => {
    const everyone = { include: [{ everyone: true }] }
    assert.equal(outcome([{ action: 'allow', ...everyone }], account), 'deny')
    assert.equal(outcome([{ action: 'service_auth', ...everyone }], account), 'allow')
    for (const facts of [{}, nobody])
      assert.equal(outcome([{ action: 'service_auth', ...everyone }], facts), 'deny')
    const other = [{ action: 'service_auth', include: [{ service_token: 'ci' }] }]
    assert.equal(outcome(other, account), 'deny')
    const posing = { ...alice, userId: 'ci' }
    assert.equal(outcome(other, { subject: posing }), 'deny')
  })

  test('believe no unverified address, and take whom it names for both', () => {
    const unverified = { subject: { ...alice, emailVerified: false } }
    assert.equal(outcome([isAlice], unverified), 'deny')
    const anybody = { action: 'allow', include: [{ everyone: true }] }
    assert.equal(outcome([{ ...anybody, exclude: isAlice.include }], unverified), 'deny')
    assert.equal(outcome([{ ...isAlice, action: 'block' }, anybody], unverified), 'deny')
  })

  test('need a provider only for people, and a certificate where the gateway wants one', () => {
    const needs = (policies: unknown): readonly boolean[] => {
      const { readsSubject, needsProvider } = policyOf(parseApplicationPolicy(policies, rules))
      return [readsSubject, needsProvider]
    }
    assert.deepEqual(needs([isAlice]), [true, true])
    assert.deepEqual(needs([{ action: 'bypass', include: [{ everyone: true }] }]), [false, false])
    assert.deepEqual(needs([{ action: 'service_auth', include: [{ service_token: 'a' }] }]), [
      true,
      false,
    ])
    const policy = policyOf(
      parseApplicationPolicy([isAlice], { clientCertificates: 'default-deny' }),
    )
    assert.ok(policy.readsClientCertificate)
    assert.equal(policy.evaluate(factsWith()).outcome, 'client-certificate')
  })

  test('decide as the rules of reference 3.2 do, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(anyPolicy, { maxLength: 5 }), anyFacts, (policies, facts) => {
        assert.equal(outcome(policies, facts), naive(policies, factsWith(facts)))
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('a policy of an application', () => {
  const problems = (policy: unknown): readonly string[] =>
    problemsIn(parseApplicationPolicy([policy], { ...rules, sessionMs: 14 * hourMs })).map((line) =>
      line.replace('policies.0.', ''),
    )

  test('is refused with a selector that has no equal here, whatever it stands in', () => {
    for (const part of ['include', 'require', 'exclude']) {
      const policy = { ...isAlice, [part]: [{ geo: { country_code: 'DE' } }] }
      assert.deepEqual(problems(policy), [
        `${part}.0.geo: selector "geo" has no equal here: which country an address is in is not known here`,
      ])
    }
    const foreign = ['device_posture', 'login_method', 'saml', 'external_evaluation', 'email_list']
    for (const name of foreign) {
      assert.match(problems({ ...isAlice, require: [{ [name]: {} }] }).join(), /has no equal here/)
    }
  })

  test('may ask for a sign-in to last as long as one does here, or longer, and not for a shorter one', () => {
    const asking = (session_duration: unknown, more: object = {}) =>
      problems({ ...isAlice, session_duration, ...more })
    for (const text of ['14h', '24h', '730h', '840m']) assert.deepEqual(asking(text), [])
    assert.deepEqual(asking('30m'), [
      'session_duration: is 30m, and a sign-in lasts 14h here (set "cookie_expire" to 30m at most, or leave "session_duration" out)',
    ])
    assert.match(asking('0s').join(), /^session_duration: is 0s, /)
    for (const wrong of ['no duration', 900, true, null])
      assert.match(asking(wrong).join(), /^session_duration: must be a duration such as 24h, not /)
    const everybody = { include: [{ everyone: true }] }
    assert.deepEqual(asking('30m', { action: 'bypass', ...everybody }), [])
    assert.deepEqual(asking('30m', { action: 'block' }), [])
  })

  test('is refused with a setting that would narrow it', () => {
    for (const key of ['approval_required', 'isolation_required', 'mfa_config'])
      assert.match(
        problems({ ...isAlice, [key]: true }).join(),
        new RegExp(`^${key}: is not honoured`),
      )
    assert.deepEqual(problems({ ...isAlice, includ: [] }), [
      'includ: unknown key "includ" (did you mean "include"?)',
    ])
  })

  test('names only what its action knows: bypass no identity, service_auth no person', () => {
    const bypass = { action: 'bypass', include: [{ email: 'a@b.example' }] }
    assert.deepEqual(problems(bypass), [
      'include.0.email: selector "email" is for policies with action "allow" or "block" only',
    ])
    for (const name of ['group', 'email_domain', 'service_token', 'any_valid_service_token'])
      assert.match(problems({ action: 'bypass', include: [{ [name]: 'x' }] }).join(), /only$/)
    for (const name of ['email', 'group', 'email_domain'])
      assert.match(problems({ action: 'service_auth', include: [{ [name]: 'x' }] }).join(), /only$/)
    for (const action of ['allow', 'block'])
      assert.match(problems({ action, include: [{ service_token: 'ci' }] }).join(), /only$/)
  })

  test("takes the API's forms, and no id of Cloudflare's where it would shut out nobody", () => {
    const forms = {
      action: 'allow',
      include: [
        { email: { email: 'a@b.example' } },
        { email_domain: { domain: 'b.example' } },
        { everyone: {} },
        { group: { id: 'aa0a4aab' } },
      ],
      require: [{ ip: { ip: '10.0.0.0/8' } }],
    }
    assert.deepEqual(problems(forms), [])
    const tokens = { action: 'non_identity', include: [{ service_token: { token_id: 'f00' } }] }
    assert.deepEqual(problems(tokens), [])
    const group = [{ group: { id: 'aa0a4aab' } }]
    for (const policy of [
      { ...forms, exclude: group },
      { action: 'block', include: group },
      { ...tokens, exclude: tokens.include },
    ]) {
      assert.match(problems(policy).join(), /names what only Cloudflare knows/)
    }
  })

  test('is refused where it is anything else', () => {
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [7, /must be a policy/],
      [{ include: [{ everyone: true }] }, /^action: is required: must be "allow", "block"/],
      [{ ...isAlice, action: 'constructor' }, /^action: must be "allow"/],
      [{ action: 'allow' }, /^include: must have at least one selector/],
      [{ action: 'allow', include: [], require: [{ everyone: true }] }, /^include: must have/],
      [{ ...isAlice, require: null }, /^require: is empty/],
      [{ ...isAlice, exclude: null }, /^exclude: is empty/],
      [{ ...isAlice, exclude: { email: 'a@b.example' } }, /^exclude: must be a list of selectors/],
      [{ ...isAlice, include: ['everyone'] }, /must be one selector/],
      [{ ...isAlice, include: [{ email: 'a@b.c', ip: '::1' }] }, /must be one selector.*not 2/],
      [{ ...isAlice, include: [{ email: '' }] }, /must be an email address/],
      [{ ...isAlice, include: [{ email: ['a@b.c'] }] }, /must be an email address, not a list/],
      [{ ...isAlice, include: [{ email: { email: 'a@b.c', x: 1 } }] }, /must be an email address/],
      [{ ...isAlice, include: [{ email_domain: '' }] }, /must be a domain/],
      [{ ...isAlice, include: [{ everyone: false }] }, /must be true/],
      [{ ...isAlice, include: [{ everyone: { not: 1 } }] }, /must be true/],
      [{ ...isAlice, include: [{ group: '' }] }, /must be the name of a group/],
      [{ ...isAlice, include: [{ ip: '10.0.0.0/33' }] }, /must have a prefix of 0 to 32/],
      [
        { ...isAlice, include: [{ emial: 'a@b.c' }] },
        /unknown selector "emial" \(did you mean "email"/,
      ],
    ]
    for (const [policy, message] of wrong) assert.match(problems(policy).join(), message)
  })
})

test('docs/access.md shows every selector, with the actions it is for', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/access.md'), 'utf8')
  for (const { name, actions, doc } of allSelectors) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}: `))
    const where = actions.length === 4 ? 'all' : actions.map((action) => `\`${action}\``).join(', ')
    const cells = row?.split('|').map((cell) => cell.trim())
    assert.deepEqual(cells?.slice(2, 4), [where, doc], name)
  }
})

const emails = ['alice@corp.example', 'bob@corp.example', 'carol@other.example'] as const
const groups = ['eng', 'dba'] as const
const ips = ['192.0.2.7', '198.51.100.1'] as const
const accounts = ['ci', 'backup'] as const

const about = (name: string, values: readonly string[]): fc.Arbitrary<Record<string, unknown>> =>
  fc.constantFrom(...values).map((value) => ({ [name]: value }))
const everyone = fc.constant({ everyone: true })
const ip = about('ip', ips)
const ofPeople = fc.oneof(
  about('email', emails),
  about('email_domain', ['corp.example', 'other.example']),
  about('group', groups),
  ip,
  everyone,
)
const ofAccounts = fc.oneof(
  about('service_token', accounts),
  fc.constant({ any_valid_service_token: true }),
  ip,
  everyone,
)

interface Written {
  readonly action: string
  readonly include: readonly Record<string, unknown>[]
  readonly require: readonly Record<string, unknown>[]
  readonly exclude: readonly Record<string, unknown>[]
}

const policyWith = (
  action: string,
  selector: fc.Arbitrary<Record<string, unknown>>,
): fc.Arbitrary<Written> =>
  fc.record({
    action: fc.constant(action),
    include: fc.array(selector, { minLength: 1, maxLength: 3 }),
    require: fc.array(selector, { maxLength: 2 }),
    exclude: fc.array(selector, { maxLength: 2 }),
  })

const anyPolicy = fc.oneof(
  policyWith('allow', ofPeople),
  policyWith('block', ofPeople),
  policyWith('bypass', fc.oneof(ip, everyone)),
  policyWith('service_auth', ofAccounts),
)

const people = emails.flatMap((email) =>
  [[], ['eng'], ['eng', 'dba']].map((groups): Subject => ({ ...alice, email, groups })),
)
const anyFacts = fc.record({
  subject: fc.constantFrom<(Subject | undefined)[]>(
    undefined,
    ...people,
    ...accounts.map((userId): Subject => ({ ...backup, userId })),
  ),
  sourceIp: fc.constantFrom(...ips),
})

/** Reference 3.2, as it stands there; nobody signed in is everybody they could be. */
function naive(policies: readonly Written[], facts: RequestFacts): string {
  const { subject, sourceIp } = facts
  const early = policies.filter(({ action }) => action === 'bypass' || action === 'service_auth')
  const late = policies.filter(({ action }) => action === 'allow' || action === 'block')
  const matches = (policy: Written, who: Subject | undefined): boolean => {
    const holds = (selector: Record<string, unknown>): boolean => says(selector, who, sourceIp)
    return policy.include.some(holds) && policy.require.every(holds) && !policy.exclude.some(holds)
  }
  for (const policy of early) {
    if (policy.action === 'service_auth' && subject?.kind !== 'service-account') continue
    if (matches(policy, subject)) return 'allow'
  }
  if (subject?.kind === 'service-account') return 'deny'
  const first = (who: Subject): string =>
    late.find((policy) => matches(policy, who))?.action === 'allow' ? 'allow' : 'deny'
  if (subject !== undefined) return first(subject)
  // In favour of signing in: an allow that somebody could match, before a block that everybody does.
  for (const policy of late) {
    if (policy.action === 'allow' && couldBe(policy, sourceIp)) return 'sign-in'
    if (policy.action === 'block' && isForAll(policy, sourceIp)) return 'deny'
  }
  return 'deny'
}

function says(
  selector: Record<string, unknown>,
  who: Subject | undefined,
  sourceIp: string,
): boolean {
  const [[name, value] = []] = Object.entries(selector)
  switch (name) {
    case 'everyone':
      return true
    case 'ip':
      return sourceIp === value
    case 'email':
      return who?.email === value
    case 'email_domain':
      return who?.email?.split('@')[1] === value
    case 'group':
      return who !== undefined && who.groups.includes(String(value))
    case 'service_token':
      return who?.kind === 'service-account' && who.userId === value
    default:
      return who?.kind === 'service-account'
  }
}

const isPublic = (selector: Record<string, unknown>): boolean =>
  'ip' in selector || 'everyone' in selector

/** Each selector about people may be true or false by itself. */
function couldBe({ include, require, exclude }: Written, sourceIp: string): boolean {
  const may = (one: Record<string, unknown>): boolean =>
    !isPublic(one) || says(one, undefined, sourceIp)
  const must = (one: Record<string, unknown>): boolean =>
    isPublic(one) && says(one, undefined, sourceIp)
  return include.some(may) && require.every(may) && !exclude.some(must)
}

function isForAll({ include, require, exclude }: Written, sourceIp: string): boolean {
  const may = (one: Record<string, unknown>): boolean =>
    !isPublic(one) || says(one, undefined, sourceIp)
  const must = (one: Record<string, unknown>): boolean =>
    isPublic(one) && says(one, undefined, sourceIp)
  return include.some(must) && require.every(must) && !exclude.some(may)
}
