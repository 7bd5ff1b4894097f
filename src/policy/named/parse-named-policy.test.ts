import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNamedPolicy, type NamedPolicyRules } from './parse-named-policy.ts'

const policy = [{ allow: { or: [{ user: 'x' }] } }]

function parse(plain: unknown, rules: Partial<NamedPolicyRules> = {}) {
  return parseNamedPolicy(plain, { clientCertificates: 'none', ...rules })
}

function faultsOf(plain: unknown, rules?: Partial<NamedPolicyRules>): readonly string[] {
  const { faults, named } = parse(plain, rules)
  assert.equal(named, undefined)
  return faults.map(({ path, message, hint, at }) => {
    const line = `${path.join('.')}: ${message}`
    return `${hint === undefined ? line : `${line} (${hint})`}, at its ${at}`
  })
}

test('what is no policy, has none or two, or no name is refused', () => {
  assert.deepEqual(faultsOf('x'), [
    ': must be a policy with "name" and "policy", not "x", at its value',
  ])
  assert.deepEqual(parse('x').warnings, [])
  assert.deepEqual(faultsOf({ policy }), [
    'name: is required: text of at most 64 characters, at its value',
  ])
  assert.deepEqual(faultsOf({ name: 'a' }), [
    'policy: is required, or "policies" in its place, at its value',
  ])
  assert.deepEqual(faultsOf({ name: 'a', policy, policies: [] }).slice(0, 1), [
    'policies: cannot be given together with "policy": it says the same in other words, at its key',
  ])
})

test('a name is fit for a URL and a log line, of 64 characters at most', () => {
  const hint = 'letters, digits, ".", "_" and "-", the first a letter or digit'
  for (const name of ['.a', '-a', 'a b', 'ä', 'a/b'])
    assert.deepEqual(faultsOf({ name, policy }), [
      `name: must be a name such as database-admins, not "${name}" (${hint}), at its value`,
    ])
  assert.deepEqual(faultsOf({ name: 'a'.repeat(65), policy }), [
    'name: must be at most 64 characters, not 65, at its value',
  ])
  for (const name of ['a'.repeat(64), '7', 'A.b_c-d'])
    assert.equal(parse({ name, policy }).named?.name, name)
})

test('a fault of the policy is one of its value, or of a name in it', () => {
  const document = [{ allow: { or: [{ usr: 'x' }, { email: '' }, { device: true }] } }]
  assert.deepEqual(faultsOf({ name: 'a', policy: document }), [
    'policy.0.allow.or.0.usr: unknown criterion "usr" (did you mean "user"?), at its key',
    'policy.0.allow.or.1.email: must not be empty, at its value',
    'policy.0.allow.or.2.device: criterion "device" cannot be honoured: devices cannot be registered yet, at its key',
  ])
})

test('what is right beside a fault is read, and nothing of it is a policy', () => {
  const { values, named } = parse({ name: 'a', policy, explanation: 7 })
  assert.deepEqual(values, { name: 'a', policy })
  assert.equal(named, undefined)
})

test('a namespace is one that there is, where that is known', () => {
  const plain = { name: 'a', policy, namespace: 'lab' }
  assert.equal(parse(plain).named?.namespace, 'lab')
  assert.equal(parse(plain, { namespaces: ['lab'] }).named?.namespace, 'lab')
  assert.equal(parse({ name: 'a', policy }, { namespaces: [] }).named?.namespace, undefined)
  assert.deepEqual(faultsOf(plain, { namespaces: ['labs'] }), [
    'namespace: "lab" is none of "namespaces" (did you mean "labs"?), at its value',
  ])
  assert.deepEqual(faultsOf(plain, { namespaces: [] }), [
    'namespace: "lab" is none of "namespaces" (add it to "namespaces"), at its value',
  ])
})

test('certificates are asked for only where the gateway asks for them, in either language', () => {
  const criterion = { invalid_client_certificate: true }
  const denies = { name: 'a', policy: [{ deny: { or: [criterion] } }] }
  assert.match(faultsOf(denies)[0] ?? '', /needs "downstream_mtls"/)
  for (const clientCertificates of ['policy', 'default-deny'] as const) {
    assert.equal(parse(denies, { clientCertificates }).faults.length, 0)
    // The rule about invalid ones stands in the route once.
    const { named } = parse({ name: 'a', policy }, { clientCertificates })
    assert.equal(named?.policy.readsClientCertificate ?? false, false)
  }
  const words = { name: 'a', policies: [{ action: 'allow', include: [{ everyone: true }] }] }
  const { named } = parse(words, { clientCertificates: 'default-deny' })
  assert.equal(named?.policy.readsClientCertificate, false)
})

test('a policy is told to be another one by what it was made of', () => {
  const print = (plain: object, rules?: Partial<NamedPolicyRules>) =>
    parse({ name: 'a', policy, ...plain }, rules).named?.fingerprint
  assert.match(print({}) ?? '', /^[0-9a-f]{64}$/)
  assert.equal(print({}), print({}))
  const certificates = { clientCertificates: 'policy' } as const
  const all = [
    print({}),
    print({ explanation: 'x' }),
    print({ name: 'b' }),
    print({}, certificates),
  ]
  assert.equal(new Set(all).size, 4)
})

test('its definition is a copy with the keys in their order, and its advice empty where there is none', () => {
  const plain = { policy: structuredClone(policy), name: 'a' }
  const { named } = parse(plain)
  assert.deepEqual(Object.keys(named?.definition ?? {}), ['name', 'policy'])
  plain.policy.length = 0
  assert.deepEqual(named?.definition, { name: 'a', policy })
  assert.deepEqual(named?.advice, { policy: 'a', explanation: '', remediation: '' })
})
