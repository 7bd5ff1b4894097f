import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOpenToOthers, parseListenAddress } from './listen-address.ts'

test('every form is read', () => {
  assert.deepEqual(parseListenAddress('-'), { kind: 'stdio' })
  assert.deepEqual(parseListenAddress('unix:/run/a b.sock'), {
    kind: 'unix',
    path: '/run/a b.sock',
  })
  assert.deepEqual(parseListenAddress(':2222'), { kind: 'tcp', host: undefined, port: 2222 })
  assert.deepEqual(parseListenAddress('127.0.0.1:0'), { kind: 'tcp', host: '127.0.0.1', port: 0 })
  assert.deepEqual(parseListenAddress('[::1]:22'), { kind: 'tcp', host: '::1', port: 22 })
  assert.deepEqual(parseListenAddress('localhost:22'), { kind: 'tcp', host: 'localhost', port: 22 })
})

test('everything else is refused', () => {
  for (const text of [
    '',
    '2222',
    '127.0.0.1',
    'unix:',
    ':',
    ':x',
    ':65536',
    '::1:22',
    'a b:1',
    '--',
  ]) {
    assert.throws(() => parseListenAddress(text), { code: 'invalid-listen-address' }, text)
  }
})

test('only loopback and Unix sockets are closed to others', () => {
  const isOpen = (text: string): boolean => isOpenToOthers(parseListenAddress(text))
  for (const text of [':22', '0.0.0.0:22', '[::]:22', '192.0.2.1:22']) assert.ok(isOpen(text), text)
  for (const text of ['127.0.0.1:22', '[::1]:22', 'localhost:22', 'unix:/x', '-']) {
    assert.ok(!isOpen(text), text)
  }
})
