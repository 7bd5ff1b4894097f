import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from '../../yaml-text.ts'
import { readIngress } from './read-ingress.ts'
import { chooseOrigin, offeredServices, type IngressRule } from './rules.ts'

const rules = readIngress(
  parseYaml(
    'config.yml',
    `
ingress:
  - hostname: ssh.example.com
    service: ssh://localhost:22
    originRequest: {connectTimeout: 3s}
  - hostname: db.example.com
    service: tcp://db.corp:5432
  - hostname: web.example.com
    service: http://localhost:8080
  - hostname: app.example.com
    service: unix:/run/app.sock
  - hostname: '*.jump.example.com'
    service: bastion
    originRequest: {ipRules: [{prefix: 10.0.0.0/8, allow: true}]}
  - hostname: socks.example.com
    service: socks-proxy
    originRequest: {ipRules: [{prefix: 10.0.0.0/8, allow: true}]}
  - service: http_status:404
`,
  ),
).rules

const without = (...indexes: readonly number[]): readonly IngressRule[] =>
  rules.filter((_, index) => !indexes.includes(index))

function choose(hostname: string, service?: { host: string; port: number }, given = rules): string {
  const choice = chooseOrigin(given, { hostname, service })
  if ('fault' in choice) return choice.fault
  const { origin } = choice
  const to = 'target' in origin ? `${origin.target.host}:${origin.target.port}` : ''
  return `${origin.kind} ${to}`.trim()
}

test('a name is served by the first rule that is for it', () => {
  assert.equal(choose('ssh.example.com'), 'tcp localhost:22')
  assert.equal(choose('app.example.com'), 'unix')
  assert.equal(choose('socks.example.com'), 'socks-proxy')
})

test('a rule that cannot be served keeps its name from every other rule', () => {
  assert.equal(choose('web.example.com'), 'not-served')
  const open = [...without(6), { ...rules[0], hostname: undefined } as IngressRule]
  assert.equal(choose('web.example.com', undefined, open), 'not-served')
})

test('what the catch-all answers with a status is not served', () => {
  assert.equal(choose('other.example.com'), 'not-served')
  assert.equal(choose('other.example.com', undefined, without(6)), 'no-rule')
})

test('a gateway may name the service of any rule, and no other address', () => {
  assert.equal(choose('x.example.com', { host: 'db.corp', port: 5432 }), 'tcp db.corp:5432')
  const open = without(4)
  assert.equal(choose('x.example.com', { host: 'db.corp', port: 5433 }, open), 'no-rule')
  assert.equal(choose('ssh.example.com', { host: '127.0.0.1', port: 22 }, open), 'no-rule')
  assert.equal(choose('web.example.com', { host: 'localhost', port: 8080 }, open), 'no-rule')
})

test('the settings of the rule for the name come before those of another with the same address', () => {
  const request = { ...(rules[0] as IngressRule).request, connectTimeoutMs: 1 }
  const other: IngressRule = { ...(rules[0] as IngressRule), hostname: 'b.example.com', request }
  const service = { host: 'localhost', port: 22 }
  const choice = chooseOrigin([...rules, other], { hostname: 'b.example.com', service })
  // The catch-all is before it: the first rule with that address is used.
  assert.ok('origin' in choice && choice.origin.rule.request.connectTimeoutMs === 3_000)
  const first = chooseOrigin([other, ...rules], { hostname: 'ssh.example.com', service })
  assert.ok('origin' in first && first.origin.rule.request.connectTimeoutMs === 3_000)
})

test('a bastion takes what no rule names, and nothing without a destination', () => {
  assert.equal(choose('a.jump.example.com', { host: '10.1.1.1', port: 22 }), 'bastion 10.1.1.1:22')
  assert.equal(choose('a.jump.example.com'), 'no-rule')
})

test('a client names nothing but what the bastion for its own name may dial', () => {
  const byClient = (hostname: string, host: string, port: number) =>
    chooseOrigin(rules, { hostname, service: { host, port }, isByClient: true })
  const jump = 'a.jump.example.com'
  for (const [host, port] of [
    ['localhost', 22],
    ['db.corp', 5432],
  ] as const) {
    const choice = byClient(jump, host, port)
    assert.ok('origin' in choice && choice.origin.kind === 'bastion', 'judged by "ipRules"')
    assert.equal(choice.origin.rule, rules[4])
  }
  for (const hostname of ['ssh.example.com', 'db.example.com', 'x.example.com'])
    assert.ok('fault' in byClient(hostname, '10.1.1.1', 22), hostname)
})

test('the gateway is told the rules in their order', () => {
  assert.deepEqual(offeredServices(rules).slice(0, 2), [
    { hostname: 'ssh.example.com', service: 'ssh://localhost:22' },
    { hostname: 'db.example.com', service: 'tcp://db.corp:5432' },
  ])
  assert.deepEqual(offeredServices(rules).at(-1), {
    hostname: undefined,
    service: 'http_status:404',
  })
})
