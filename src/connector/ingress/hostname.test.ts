import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitsHostname, parseHostname } from './hostname.ts'

test('a pattern is in the form in which a gateway asks', () => {
  assert.equal(parseHostname('SSH.Example.com'), 'ssh.example.com')
  assert.equal(parseHostname('*.Example.com'), '*.example.com')
  assert.equal(parseHostname('bücher.example'), 'xn--bcher-kva.example')
})

test('a wildcard is for every name below, at any depth, and for nothing else', () => {
  assert.ok(fitsHostname('*.example.com', 'a.example.com'))
  assert.ok(fitsHostname('*.example.com', 'a.b.example.com'))
  assert.ok(!fitsHostname('*.example.com', 'example.com'))
  assert.ok(!fitsHostname('*.example.com', 'badexample.com'))
  assert.ok(!fitsHostname('a.example.com', 'b.a.example.com'))
})

test('a port, and a star anywhere else, are faults', () => {
  for (const text of [
    'a.example.com:22',
    'a.*.com',
    '*example.com',
    '*.*.com',
    '**',
    '*.',
    'a b',
  ]) {
    assert.ok(typeof parseHostname(text) !== 'string', text)
  }
})
