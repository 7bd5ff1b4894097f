import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, formatProblem } from '../../errors.ts'
import { parseYaml } from '../../yaml-text.ts'
import { readIngress, type IngressReading } from './read-ingress.ts'

const read = (text: string): IngressReading => readIngress(parseYaml('config.yml', text))

const problemsOf = (text: string): readonly string[] => read(text).problems.map(formatProblem)

function refused(text: string): string {
  try {
    read(text)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  return assert.fail('it was read')
}

test('the settings of a rule win over those of the file, and those over the defaults', () => {
  const { rules, problems } = read(`
originRequest: {connectTimeout: 5s, noHappyEyeballs: true}
ingress:
  - hostname: a.example.com
    service: ssh://localhost
    originRequest: {connectTimeout: 1m30s, tcpKeepAlive: 500ms}
  - service: tcp://localhost:1
`)
  assert.deepEqual(problems, [])
  const [first, last] = rules.map(({ request }) => request)
  assert.equal(first?.connectTimeoutMs, 90_000)
  assert.equal(first?.tcpKeepAliveMs, 500)
  assert.equal(last?.connectTimeoutMs, 5_000)
  assert.equal(last?.tcpKeepAliveMs, 30_000)
  assert.equal(last?.noHappyEyeballs, true)
})

test('a duration without a unit is a fault of its rule, at its place', () => {
  const rules = (value: string) =>
    `ingress:\n  - service: ssh://localhost\n    originRequest:\n      connectTimeout: ${value}\n`
  assert.match(
    problemsOf(rules('30'))[0] ?? '',
    /^config\.yml:4:23: ingress\[0\].*a duration such as 15m, not 30/,
  )
  assert.match(problemsOf(rules('0s'))[0] ?? '', /nothing waits without an end/)
  assert.match(problemsOf(rules('30 s'))[0] ?? '', /a duration/)
  assert.deepEqual(problemsOf(rules('1.5s')), [])
  assert.equal(read(rules('1.5s')).rules[0]?.request.connectTimeoutMs, 1_500)
})

test('a rule with a fault is named with its line, answers for its name, and the others work', () => {
  const { rules, problems } = read(`ingress:
  - hostname: web.example.com
    service: http://localhost:8080
  - hostname: typo.example.com
    service: ssh://localhost
    orginRequest: {}
  - hostname: path.example.com
    path: /x
    service: ssh://localhost
  - hostname: good.example.com
    service: ssh://localhost
  - hostname: locked.example.com
    service: ssh://localhost
    originRequest: {access: {required: true, teamName: t}}
  - service: http_status:404
`)
  const lines = problems.map(formatProblem)
  assert.match(lines[0] ?? '', /^config\.yml:3:14: ingress\[0\]\.service: .*not served/)
  assert.match(
    lines[1] ?? '',
    /^config\.yml:6:5: .*unknown key\n {2}hint: did you mean "originRequest"/,
  )
  assert.match(lines[2] ?? '', /^config\.yml:8:5: .*path.*not honoured/)
  assert.match(lines[3] ?? '', /access\.required: is not honoured/)
  const served = rules.map(({ service }) => service?.kind)
  assert.deepEqual(served, [undefined, undefined, undefined, 'tcp', undefined, 'status'])
  assert.equal(rules[0]?.hostname, 'web.example.com')
})

test('a name with a fault never becomes the name of everything', () => {
  const { rules } = read(`ingress:
  - hostname: bad name
    service: ssh://localhost
  - service: http_status:404
`)
  assert.equal(rules[0]?.hostname, 'bad name')
  assert.equal(rules[0]?.service, undefined)
})

test('keys that mean something for requests are told and do no harm', () => {
  const { problems, warnings, rules } = read(`
originRequest: {noTLSVerify: true}
ingress:
  - service: ssh://localhost
    originRequest: {httpHostHeader: x, access: {required: false}}
`)
  assert.deepEqual(problems, [])
  assert.equal(warnings.length, 2)
  assert.equal(rules[0]?.service?.kind, 'tcp')
})

test('bastion and socks-proxy without an address they allow are served by nothing', () => {
  for (const service of ['bastion', 'socks-proxy']) {
    const [problem = ''] = problemsOf(`ingress: [{service: ${service}}]`)
    assert.match(problem, /may dial nothing.*\n {2}hint: write originRequest: \{ipRules/)
  }
})

test('"bastionMode" and "proxyType" are other spellings of the two', () => {
  const allow = 'ipRules: [{prefix: 10.0.0.0/8, allow: true}]'
  const kindOf = (mode: string) =>
    read(`ingress: [{service: tcp://localhost:1, originRequest: {${mode}, ${allow}}}]`).rules[0]
  assert.equal(kindOf('bastionMode: true')?.text, 'bastion')
  assert.equal(kindOf('proxyType: socks')?.service?.kind, 'socks-proxy')
})

test('the last rule, and no other, is for every name', () => {
  assert.match(
    refused('ingress:\n  - {hostname: a.example.com, service: ssh://h}'),
    /must be for every name/,
  )
  assert.match(
    refused('ingress:\n  - {service: ssh://h}\n  - {service: ssh://i}'),
    /config\.yml:2:5: ingress\[0\]: is for every name: the rules after it are never used/,
  )
  assert.match(refused('ingress: []'), /must be a list of rules/)
  assert.match(refused('ingress: x'), /must be a list of rules/)
})

test('a rule without a service is a fault', () => {
  assert.match(problemsOf('ingress: [{hostname: ""}]')[0] ?? '', /must have a "service"/)
  assert.match(problemsOf('ingress: [5]')[0] ?? '', /a mapping of keys to values/)
})
