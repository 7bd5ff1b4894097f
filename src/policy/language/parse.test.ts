import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { parsePolicy } from './parse.ts'
import { alice, decide, factsWith, policyOf, problemsIn, verdict } from './policy.suite.ts'

const nobody = { subject: undefined }

test("the policies of Pomerium's own examples mean what they say", () => {
  const byEmail = parseYaml(`
    - allow:
        or:
          - email:
              is: alice@corp.example
  `)
  assert.equal(decide(byEmail).outcome, 'allow')
  assert.equal(decide(byEmail, nobody).outcome, 'sign-in')
  assert.equal(decide(byEmail, { subject: { ...alice, email: 'b@x.example' } }).outcome, 'deny')

  const byGroup = parseYaml(`
    - allow:
        or:
          - email:
              is: contractor@not-example.com
          - groups:
              has: "engineering"
  `)
  assert.deepEqual(decide(byGroup).allow, verdict(true, 'groups-ok'))

  const signedIn = parseYaml(`
    - allow:
        and:
          - authenticated_user: true
  `)
  assert.equal(decide(signedIn).outcome, 'allow')
  assert.equal(decide(signedIn, nobody).outcome, 'sign-in')
})

test('a route without a rule denies everybody, without a reason and without a sign-in', () => {
  const none = { outcome: 'deny', allow: verdict(false), deny: verdict(false) }
  for (const document of [undefined, [], {}, [{}], { allow: {} }, { allow: { or: [] } }]) {
    assert.deepEqual(decide(document, nobody), { ...none, validUntilMs: undefined })
  }
})

test('a public branch lets anybody in, also beside criteria about people', () => {
  const document = { allow: { or: [{ accept: true }, { email: { is: 'x@y.example' } }] } }
  assert.equal(decide(document, nobody).outcome, 'allow')
  assert.deepEqual(decide(document, nobody).allow, verdict(true, 'accept'))
})

test('a deny rule about people makes even a public route ask for a sign-in', () => {
  const document = [{ allow: { or: [{ accept: true }] } }, { deny: { or: [{ user: 'mallory' }] } }]
  assert.equal(decide(document, nobody).outcome, 'sign-in')
  assert.equal(decide(document).outcome, 'allow')
})

test('not and nor around a criterion about people never let anybody in unseen', () => {
  for (const operator of ['not', 'nor']) {
    const document = { allow: { [operator]: [{ user: 'mallory' }] } }
    assert.deepEqual(decide(document, nobody).allow, verdict(true, 'user-unauthenticated'))
    assert.equal(decide(document, nobody).outcome, 'sign-in')
    assert.equal(decide(document).outcome, 'allow')
  }
})

test('deny wins over allow, and one object may hold both', () => {
  const document = {
    allow: { and: [{ authenticated_user: true }] },
    deny: { or: [{ groups: { has: 'on-call' } }] },
  }
  assert.deepEqual(decide(document).deny, verdict(true, 'groups-ok'))
  assert.equal(decide(document).outcome, 'deny')
})

test('several operators of a rule count like separate rules', () => {
  const together = { allow: { and: [{ reject: 1 }], or: [{ user: 'x' }], not: [{ domain: 'x' }] } }
  const apart = [
    { allow: { and: [{ reject: 1 }] } },
    { allow: { or: [{ user: 'x' }] } },
    { allow: { not: [{ domain: 'x' }] } },
  ]
  assert.deepEqual(decide(together), decide(apart))
  assert.deepEqual(decide(together).allow, verdict(true, 'domain-unauthorized'))
})

test('empty operator lists beside others grant and refuse nothing', () => {
  const document = { allow: { and: [], or: [{ accept: 1 }] }, deny: { not: [], nor: [] } }
  assert.deepEqual(decide(document, nobody).deny, verdict(false))
  assert.equal(decide(document, nobody).outcome, 'allow')
})

test('says whether any rule asks who somebody is', () => {
  const reads = (document: unknown): boolean => policyOf(parsePolicy(document)).readsSubject
  assert.equal(reads(undefined), false)
  assert.equal(reads({ allow: { or: [{ accept: 1 }, { source_ip: '10.0.0.0/8' }] } }), false)
  const times = [{ date: { after: '2026-01-01' } }, { day_of_week: '*' }]
  assert.equal(reads({ allow: { or: times } }), false)
  assert.equal(reads([{ allow: { or: [{ accept: 1 }] } }, { deny: { or: [{ user: 'x' }] } }]), true)
  for (const name of ['authenticated_user', 'user', 'email', 'domain', 'claim/x', 'groups']) {
    assert.equal(reads({ allow: { or: [{ [name]: 'x' }] } }), true, name)
  }
})

test('says whether any rule asks what only an identity provider knows', () => {
  const needs = (document: unknown): boolean => policyOf(parsePolicy(document)).needsProvider
  for (const criterion of [
    { accept: 1 },
    { source_ip: '10.0.0.0/8' },
    { user: 'backup' },
    { user: { in: ['backup', 'deploy'] } },
    { user: { starts_with: 'ci-' } },
    ...Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => ({ user: { contains: letter } })),
  ]) {
    assert.equal(needs({ allow: { or: [criterion] } }), false, JSON.stringify(criterion))
  }
  for (const criterion of [
    { authenticated_user: true },
    { user: { not: 'backup' } },
    { user: { not_in: ['backup'] } },
    { email: 'a@b.example' },
    { domain: 'b.example' },
    { 'claim/x': 'y' },
    { groups: 'ops' },
  ]) {
    const document = [{ allow: { or: [{ user: 'backup' }] } }, { deny: { or: [criterion] } }]
    assert.equal(needs(document), true, JSON.stringify(criterion))
  }
})

test('a decision holds until the first moment at which one of its criteria turns', () => {
  const document = {
    allow: { or: [{ date: { before: '2026-03-05T00:00:00Z' } }] },
    deny: { or: [{ time_of_day: { timezone: 'UTC', after: '18:00' } }] },
  }
  assert.equal(decide(document).validUntilMs, Date.UTC(2026, 2, 4, 18))
  const { validUntilMs } = decide({ allow: { or: [{ accept: 1 }] } })
  assert.equal(validUntilMs, undefined)
})

test('every fault is reported at once, each with its path and a hint where one helps', () => {
  const document = [
    { allow: { or: [{ email: { is: 'a@b.example' } }, { emial: { is: 'a@b.example' } }] } },
    { alow: { or: [] }, deny: { orr: [], and: 'x' } },
    { allow: { or: [{ user: { iss: 'x' } }, { groups: {} }, { user: ['a'] }, 'accept', null] } },
    7,
    { allow: null, deny: { or: null } },
  ]
  assert.deepEqual(problemsIn(parsePolicy(document)), [
    '0.allow.or.1.emial: unknown criterion "emial" (did you mean "email"?)',
    '1.alow: unknown key "alow", expected "allow" or "deny" (did you mean "allow"?)',
    '1.deny.orr: unknown key "orr", expected "and", "or", "not" or "nor" (did you mean "or"?)',
    '1.deny.and: must be a list of criteria, not a string',
    '2.allow.or.0.user.iss: unknown matcher "iss", expected "is", "not", "contains", "starts_with", "ends_with", "in" or "not_in" (did you mean "is"?)',
    '2.allow.or.1.groups: must have at least one of "has", "is" or "exclude"',
    '2.allow.or.2.user: must be a string or an object, not a list (write {in: […]} for several)',
    '2.allow.or.3: must be an object with exactly one key, the name of a criterion, not a string',
    '2.allow.or.4: must be an object with exactly one key, the name of a criterion, not nothing',
    '3: must be a rule with "allow" or "deny", not a number',
    '4.allow: must be an object with "and", "or", "not" or "nor", not nothing',
    '4.deny.or: must be a list of criteria, not nothing',
  ])
})

test('a criterion has exactly one key, and a slip of indentation is explained', () => {
  const document = parseYaml(`
    allow:
      or:
        - email:
          is: a@b.example
        - {}
        - {email: a@b.example, user: b}
  `)
  assert.deepEqual(problemsIn(parsePolicy(document)), [
    'allow.or.0: must be an object with exactly one key, the name of a criterion, not 2 (indent what belongs to "email" further than "email" itself)',
    'allow.or.1: must be an object with exactly one key, the name of a criterion, not none',
    'allow.or.2: must be an object with exactly one key, the name of a criterion, not 2',
  ])
})

test('only claims take a path, and need one', () => {
  assert.deepEqual(
    problemsIn(parsePolicy({ allow: { or: [{ 'email/x': 'a' }, { claim: 'a' }] } })),
    [
      'allow.or.0.email/x: must be "email" alone, not "email/x"',
      'allow.or.1.claim: needs a claim\'s name after it, such as "claim/groups"',
    ],
  )
})

test('criteria that cannot be honoured are refused rather than never true', () => {
  const names = [
    'cors_preflight',
    'device',
    'record',
    'mcp_tool',
    'pomerium_routes',
    'rego',
    'ssh_ca',
    'ssh_publickey',
    'ssh_username',
    'ssh_username_matches_claim/x',
    'ssh_username_matches_email',
  ]
  const problems = problemsIn(
    parsePolicy({ deny: { or: names.map((name) => ({ [name]: true })) } }),
  )
  assert.equal(problems.length, names.length)
  for (const [index, name] of names.entries()) {
    const [plain = ''] = name.split('/')
    const start = `deny.or.${index}.${name}: criterion "${plain}" cannot be honoured: `
    assert.equal(problems[index]?.slice(0, start.length), start)
  }
})

test('names that every object has are no criteria, operators, sides or matchers', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const key = JSON.stringify(name)
    for (const text of [
      `{"allow":{"or":[{${key}:true}]}}`,
      `{"allow":{${key}:[{"accept":true}]}}`,
      `{${key}:{"or":[{"accept":true}]}}`,
      `{"allow":{"or":[{"email":{${key}:"x"}}]}}`,
    ]) {
      assert.equal(problemsIn(parsePolicy(JSON.parse(text))).length, 1, text)
    }
  }
})

test('a document that is changed after parsing changes nothing', () => {
  const document = { allow: { or: [{ email: { in: ['alice@corp.example'] } }] } }
  const policy = policyOf(parsePolicy(document))
  document.allow.or.length = 0
  assert.equal(policy.evaluate(factsWith()).outcome, 'allow')
})

test('a matcher that is written into the name of its criterion is explained', () => {
  const or = [{ 'domain.is': 'x' }, { 'domin.is': 'x' }, { domin: 'x' }]
  assert.deepEqual(problemsIn(parsePolicy({ allow: { or } })), [
    'allow.or.0.domain.is: unknown criterion "domain.is" (write domain: {is: …})',
    'allow.or.1.domin.is: unknown criterion "domin.is"',
    'allow.or.2.domin: unknown criterion "domin" (did you mean "domain"?)',
  ])
})

test('says whether any rule asks for a client certificate, beside whatever else it asks', () => {
  const reads = (...or: readonly unknown[]): boolean =>
    policyOf(parsePolicy({ allow: { or } })).readsClientCertificate
  const certificate = { client_certificate: { san_dns: 'x' } }
  assert.equal(reads({ user: 'x' }, certificate), true)
  assert.equal(reads({ user: 'x' }), false)
})

test('an id that looks like an address is doubted, with a hint where it is a whole one', () => {
  const warned = (user: unknown) => {
    const parsed = parsePolicy({ allow: { or: [{ user }] } })
    return 'policy' in parsed ? parsed.warnings.map(({ hint }) => hint) : assert.fail()
  }
  assert.deepEqual(warned('a@b.example'), ['if it is an email address, write {email: a@b.example}'])
  assert.deepEqual(warned({ starts_with: 'a@' }), [undefined])
  assert.deepEqual(warned('a'), [])
})
