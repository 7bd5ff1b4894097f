import assert from 'node:assert/strict'
import { isIP } from 'node:net'

import {
  addressKey,
  bracketed,
  formatAuthority,
  hostOfAuthority,
  isSameAuthority,
  parseAuthority,
} from '../../src/address.ts'
import type { Target } from '../target.ts'

/** What a client asks to be connected to: the authority of CONNECT, of HTTP/2's `:authority` and of `Host`. */
export const target: Target = {
  reads: 'host:port of a CONNECT, by anybody',
  covers: ['address.ts'],
  maxBytes: 1_024,
  tokens: [
    'example.com',
    '192.0.2.1',
    '[2001:db8::1]',
    ':443',
    '%25',
    '::ffff:',
    'xn--',
    '@',
    '0x7f',
  ],
  run(input) {
    const text = input.toString('utf8')
    addressKey(text)
    const host = hostOfAuthority(text)
    if (host !== undefined) assert.ok(isPlainHost(host), `"${host}" is no host`)
    const authority = parseAuthority(text)
    assert.ok(isSameAuthority(text, text))
    if (authority === undefined) return host === undefined ? 'none' : 'host'
    const { port } = authority
    assert.ok(isPlainHost(authority.host), `"${authority.host}" is no host`)
    assert.ok(Number.isInteger(port) && port > 0 && port <= 65_535)
    assert.equal(host, authority.host)
    const written = formatAuthority(authority)
    assert.deepEqual(parseAuthority(written), authority)
    assert.ok(isSameAuthority(text, written))
    agreesWithUrl(text, authority)
    return isIP(authority.host) === 0 ? 'name' : `v${isIP(authority.host)}`
  },
}

function isPlainHost(host: string): boolean {
  return isIP(host) > 0 || (/^[a-z0-9_.-]{1,253}$/.test(host) && !host.endsWith('.'))
}

/** What browsers and our own clients make of the same text. */
function agreesWithUrl(text: string, { host, port }: { host: string; port: number }): void {
  // A URL parser looks into names of other scripts, which are nothing but names here.
  if (/(?:^|\.)xn--/.test(host)) return
  const url = new URL(`http://${text}/`)
  assert.equal(url.hostname.replace(/\.$/, ''), bracketed(host))
  assert.equal(url.port === '' ? 80 : Number(url.port), port)
  assert.equal(url.username + url.password, '')
  assert.equal(url.pathname, '/')
}
