import assert from 'node:assert/strict'

import { bracketed, parseHost } from '../../src/address.ts'
import { fitsHostname, parseHostname } from '../../src/connector/ingress/hostname.ts'
import { readIngress } from '../../src/connector/ingress/read-ingress.ts'
import { parseService } from '../../src/connector/ingress/service.ts'
import { ConfigError } from '../../src/errors.ts'
import { readIngress as readOffered, writeIngress } from '../../src/links/cloudflared/ingress.ts'
import { parseYaml } from '../../src/yaml-text.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: "a connector's rules: in its file, and in the JSON of a stock one",
  covers: [
    'connector/ingress/read-ingress.ts',
    'connector/ingress/hostname.ts',
    'connector/ingress/service.ts',
    'links/cloudflared/ingress.ts',
  ],
  tokens: [
    'ingress:\n  - hostname: a.example.com\n    service: tcp://localhost:1\n  - service: http_status:404\n',
    '{"ingress":[{"hostname":"a","service":"http_status:404"}]}',
    'originRequest: {ipRules: [{prefix: 10.0.0.0/8, ports: [22], allow: true}]}',
    'unix:/run/a',
    'ssh://[::1]',
    '*.example.com',
    'bastion',
    'socks-proxy',
    'connectTimeout: 30s',
    'ü',
    '\u3002',
  ],
  run(input) {
    const text = input.toString('utf8')
    const rules = attempt(() => readIngress(parseYaml('file', text)), ConfigError)
    for (const rule of rules.value?.rules ?? []) {
      if (rule.service !== undefined)
        assert.deepEqual(rules.value?.problems.length === 0 || rule.service.text.length >= 0, true)
    }
    if (rules.value?.problems.length === 0) {
      const last = rules.value.rules.at(-1)
      assert.equal(last?.hostname, undefined, 'the last rule is for some names only')
      assert.ok(rules.value.rules.every(({ service }) => service !== undefined))
    }
    return `${rules.code ?? (rules.value?.problems.length === 0 ? 'rules' : 'faults')} ${word(text)} ${offered(text)}`
  },
}

/** The whole input as a host name, and as a service. */
function word(text: string): string {
  const pattern = parseHostname(text)
  if (typeof pattern === 'string') {
    assert.equal(parseHostname(pattern), pattern)
    const name = pattern.replace(/^\*\./, 'a.')
    assert.ok(fitsHostname(pattern, name), `${pattern} does not fit ${name}`)
    assert.equal(fitsHostname(pattern, `x${name}`), pattern.startsWith('*.'))
  }
  const service = parseService(text)
  if ('fault' in service) return typeof pattern === 'string' ? 'name' : 'none'
  assert.equal(service.text, text)
  if (service.kind === 'tcp') {
    const { host, port } = service.target
    assert.equal(parseHost(bracketed(host)), host)
    assert.ok(port > 0 && port <= 65_535)
  }
  return service.kind
}

function offered(json: string): string {
  const services = readOffered(json)
  if (services === undefined) return 'none'
  if (services.length === 0) return 'empty'
  assert.ok(services.length <= 1_000)
  for (const { hostname = '', service } of services)
    assert.doesNotMatch(hostname + service, /\p{Cc}/u)
  const hasRest = services.some(({ hostname }) => hostname === undefined)
  const again = readOffered(JSON.stringify(writeIngress(services)))
  if (hasRest) assert.ok(again !== undefined)
  return 'offered'
}
