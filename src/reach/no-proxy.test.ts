import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isExempt } from './no-proxy.ts'

const gateway = 'gw.corp.example.com'

const cases: readonly (readonly [list: string, host: string, isExempt: boolean])[] = [
  ['corp.example.com', gateway, true],
  ['.corp.example.com', gateway, true],
  ['*.corp.example.com', gateway, true],
  ['.corp.example.com', 'corp.example.com', true],
  ['GW.Corp.Example.com.', gateway, true],
  ['p.example.com', gateway, false],
  ['a.example.com, corp.example.com', gateway, true],
  ['corp.example.com:443', gateway, true],
  ['corp.example.com:8443', gateway, false],
  ['10.0.0.0/8', '10.1.2.3', true],
  ['10.0.0.0/8', '11.1.2.3', false],
  ['10.0.0.0/99', '10.1.2.3', false],
  ['10.1.2.3:443', '10.1.2.3', true],
  ['2.3', '10.1.2.3', false],
  ['10.0.0.0/8', gateway, false],
  ['::1', '::1', true],
  ['0:0:0:0:0:0:0:1', '::1', true],
  ['[::1]', '::1', true],
  ['[::1]:443', '::1', true],
  ['[::1]:8443', '::1', false],
  ['fe80::/10', 'fe80::1', true],
  ['fe80::/10', 'fd00::1', false],
  ['*', gateway, true],
  ['*:8443', gateway, false],
  ['*example.com', gateway, true],
  ['*example.com', 'example.org', false],
  ['.0.0.1', '127.0.0.1', true],
  ['*::1]', '::1', true],
  [' ,., ', gateway, false],
  ['', gateway, false],
]

test('NO_PROXY exempts what it exempts from for curl', () => {
  for (const [list, host, expected] of cases) {
    assert.equal(isExempt(list, { host, port: 443 }), expected, `"${list}" for ${host}`)
  }
})
