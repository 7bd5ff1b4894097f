import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePolicy } from './parse.ts'
import { alice, factsWith, policyOf, problemsIn } from './policy.suite.ts'
import { parseRoutePolicy, shorthandRules } from './shorthand.ts'

test('settings stand for one allow rule, in a fixed order', () => {
  const lists = {
    allowedUsers: ['u-1', 'a@b.example'],
    allowedIdpClaims: { family_name: ['Doe', 'Smith'], level: [3] },
    allowedDomains: ['corp.example'],
  }
  assert.deepEqual(shorthandRules(lists), [
    {
      allow: {
        or: [
          { domain: { is: 'corp.example' } },
          { 'claim/family_name': 'Doe' },
          { 'claim/family_name': 'Smith' },
          { 'claim/level': 3 },
          { user: { is: 'u-1' } },
          { email: { is: 'u-1' } },
          { user: { is: 'a@b.example' } },
          { email: { is: 'a@b.example' } },
        ],
      },
    },
  ])
  assert.deepEqual(shorthandRules({ allowPublicUnauthenticatedAccess: true }), [
    { allow: { or: [{ accept: true }] } },
  ])
  assert.deepEqual(shorthandRules({ allowAnyAuthenticatedUser: true }), [
    { allow: { or: [{ authenticated_user: true }] } },
  ])
})

test('nothing set is no rule', () => {
  const nothing = { allowAnyAuthenticatedUser: false, allowedUsers: [], allowedIdpClaims: {} }
  assert.deepEqual(shorthandRules(nothing), [])
  const decision = policyOf(parseRoutePolicy(undefined, nothing)).evaluate(factsWith())
  assert.deepEqual(decision.allow, { value: false, reasons: [] })
})

test('the rule is OR-ed with the policy, as if it stood in it', () => {
  const document = [{ allow: { or: [{ groups: { has: 'nobody' } }] } }]
  const shorthand = { allowedDomains: ['corp.example'] }
  const policy = policyOf(parseRoutePolicy(document, shorthand))
  const merged = policyOf(parsePolicy([...document, ...shorthandRules(shorthand)]))
  for (const subject of [alice, undefined, { ...alice, email: 'a@other.example' }]) {
    const facts = factsWith({ subject })
    assert.deepEqual(policy.evaluate(facts), merged.evaluate(facts))
  }
  assert.equal(policy.evaluate(factsWith()).outcome, 'allow')
})

test('an allowed user is an identifier or a verified address', () => {
  const policy = policyOf(parseRoutePolicy(undefined, { allowedUsers: ['ALICE@corp.example'] }))
  assert.equal(policy.evaluate(factsWith()).outcome, 'allow')
  const unverified = factsWith({ subject: { ...alice, emailVerified: false } })
  assert.equal(policy.evaluate(unverified).outcome, 'deny')
})

test('problems lead to the setting they come from, each once', () => {
  const parsed = parseRoutePolicy([{ allow: { or: [{ emial: 'x' }] } }], {
    allowedDomains: ['corp.example', ''],
    allowedIdpClaims: { department: ['x', ['y']], '': ['z'] },
    allowedUsers: [''],
  })
  assert.deepEqual(problemsIn(parsed), [
    'policy.0.allow.or.0.emial: unknown criterion "emial" (did you mean "email"?)',
    'allowed_domains.1: must not be empty',
    'allowed_idp_claims.department.1: must be a string or an object, not a list (write one criterion for each value)',
    'allowed_idp_claims..0: needs a claim\'s name after it, such as "claim/groups"',
    'allowed_users.0: must not be empty',
  ])
})

test('a route for everybody must not also list people', () => {
  const lists = { allowedUsers: ['a'] }
  assert.deepEqual(
    problemsIn(parseRoutePolicy(undefined, { allowPublicUnauthenticatedAccess: true, ...lists })),
    [
      'allow_public_unauthenticated_access: cannot be combined with "allowed_users", which narrows nothing beside it',
    ],
  )
  assert.deepEqual(
    problemsIn(parseRoutePolicy(undefined, { allowAnyAuthenticatedUser: true, ...lists })),
    [
      'allow_any_authenticated_user: cannot be combined with "allowed_users", which narrows nothing beside it',
    ],
  )
  assert.deepEqual(
    problemsIn(parseRoutePolicy(undefined, { allowedDomains: ['a'], allowedUsers: ['b'] })),
    [],
  )
})

test('rules that settings stand for are traced where they come from', () => {
  const shorthand = { allowedDomains: ['corp.example'] }
  const { allow, deny } = policyOf(parseRoutePolicy(undefined, shorthand, 'default-deny')).trace(
    factsWith(),
  )
  assert.deepEqual(
    allow.rules.map(({ path, state }) => [path, state]),
    [[[], 'holds']],
  )
  const [rule] = deny.rules
  assert.deepEqual([rule?.path, rule?.state], [['downstream_mtls'], 'holds'])
  assert.equal(rule?.operators[0]?.criteria[0]?.asks, true)
})

test('only a criterion needs certificates to be asked for, and not its data', () => {
  const document = [{ allow: { or: [{ user: { client_certificate: 'x' } }] } }]
  const [only, ...more] = problemsIn(parseRoutePolicy(document, {}))
  assert.match(only ?? '', /unknown matcher "client_certificate"/)
  assert.deepEqual(more, [])
})
