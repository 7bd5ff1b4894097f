import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatAuthority } from '../address.ts'
import { PeerError } from '../errors.ts'
import {
  decodeMessage,
  encodeCredit,
  encodeEnd,
  formatTunnelPath,
  maxCredit,
  parseTunnelPath,
} from './websocket.ts'

test('a path names its authority, whatever kind of host it has', () => {
  assert.equal(formatTunnelPath('ssh.example.com:22'), '/.postern/v1/tunnel/ssh.example.com:22')
  assert.equal(formatTunnelPath('[2001:db8::1]:22'), '/.postern/v1/tunnel/%5B2001:db8::1%5D:22')
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
      const authority = formatAuthority({ host: name, port })
      assert.equal(parseTunnelPath(formatTunnelPath(authority)), authority)
    }),
  )
})

test('escapes are decoded once, and a target with more than an authority names none', () => {
  const parse = (rest: string): string | undefined => parseTunnelPath(`/.postern/v1/tunnel/${rest}`)
  assert.equal(parse('a%3A1'), 'a:1')
  assert.equal(parse('a%253A1'), 'a%3A1')
  for (const rest of ['a:1/b', 'a:1?token=x', 'a:1#b', '%', '%ff', '%C0%AF']) {
    assert.equal(parse(rest), '', rest)
  }
  for (const target of ['/', '/.postern/v1/tunnel', 'x/.postern/v1/tunnel/a:1', '*']) {
    assert.equal(parseTunnelPath(target), undefined, target)
  }
})

test('each message is what it was made as', () => {
  const decode = (text: string): unknown => decodeMessage(Buffer.from(text), false)
  assert.deepEqual(decode(encodeEnd()), { kind: 'end' })
  assert.deepEqual(decode(encodeCredit(maxCredit)), { kind: 'credit', credit: maxCredit })
  const bytes = Buffer.from('end')
  assert.deepEqual(decodeMessage(bytes, true), { kind: 'bytes', bytes })
})

test('any other text is a broken protocol, however long it is', () => {
  const others = ['', 'END', 'end\n', 'credit', 'credit 0', 'credit -1', 'credit 1e9', 'credit 01']
  for (const text of [...others, `credit ${maxCredit + 1}`, 'x'.repeat(100_000)]) {
    assert.throws(() => decodeMessage(Buffer.from(text), false), PeerError, text.slice(0, 20))
  }
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        decodeMessage(Buffer.from(bytes), false)
      } catch (error) {
        assert.ok(error instanceof PeerError)
      }
    }),
  )
})
