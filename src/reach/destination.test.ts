import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { codePoint } from '../code-point.fixture.ts'
import { SystemError } from '../errors.ts'
import { parseDestination, parseGatewayUrl } from './destination.ts'

describe('destination', () => {
  const forms: readonly (readonly [string, string | undefined, string, string])[] = [
    ['redis.example.com:6379', undefined, 'redis.example.com:6379', 'https://redis.example.com'],
    [
      'tcp+https://redis.example.com:6379',
      undefined,
      'redis.example.com:6379',
      'https://redis.example.com',
    ],
    [
      'https://redis.example.com:6379',
      undefined,
      'redis.example.com:6379',
      'https://redis.example.com',
    ],
    [
      'https://proxy.example.com/redis.example.com:6379',
      undefined,
      'redis.example.com:6379',
      'https://proxy.example.com',
    ],
    [
      'tcp+https://proxy.example.com:8443/redis.example.com:6379',
      undefined,
      'redis.example.com:6379',
      'https://proxy.example.com:8443',
    ],
    ['redis.example.com:6379', 'https://p', 'redis.example.com:6379', 'https://p'],
    ['redis.example.com:6379', 'https://p:8443/', 'redis.example.com:6379', 'https://p:8443'],
    ['https://proxy.example.com/r:1', 'https://p:443', 'r:1', 'https://p'],
    ['tcp+https://h:22/', undefined, 'h:22', 'https://h'],
    ['tcp+https://h:443', undefined, 'h:443', 'https://h'],
    ['SSH.Example.com:22', undefined, 'ssh.example.com:22', 'https://ssh.example.com'],
    ['ssh.example.com.:22', undefined, 'ssh.example.com:22', 'https://ssh.example.com'],
    ['ssh.example.com.:22', 'https://p.test.:8443', 'ssh.example.com:22', 'https://p.test:8443'],
    ['https://p.test./db.test.:1', undefined, 'db.test:1', 'https://p.test'],
    ['[2001:DB8::1]:22', undefined, '[2001:db8::1]:22', 'https://[2001:db8::1]'],
    ['https://[::1]:8443/[::2]:22', undefined, '[::2]:22', 'https://[::1]:8443'],
    ['https://p/%5B::2%5D:22', undefined, '[::2]:22', 'https://p'],
    ['http://localhost:6379', undefined, 'localhost:6379', 'http://localhost'],
    ['tcp+http://127.0.0.1:8080/redis:6379', undefined, 'redis:6379', 'http://127.0.0.1:8080'],
  ]
  for (const [text, gatewayUrl, authority, origin] of forms) {
    const suffix = gatewayUrl === undefined ? '' : ` by ${gatewayUrl}`
    test(`"${text}"${suffix} is "${authority}" at ${origin}`, () => {
      const destination = parseDestination(text, gatewayUrl)
      assert.deepEqual([destination.authority, destination.gateway.origin], [authority, origin])
    })
  }

  test('the gateway is dialled without brackets, on the default port of its scheme', () => {
    const { host, port, isTls } = parseDestination('[::1]:22').gateway
    assert.deepEqual({ host, port, isTls }, { host: '::1', port: 443, isTls: true })
    assert.equal(parseDestination('http://localhost:22').gateway.port, 80)
  })

  for (const text of [
    '',
    'host',
    'host:',
    'host:0',
    'host:65536',
    ':22',
    'a b:22',
    'user@host:22',
    'host:22?x',
    'host:22#x',
    '2001:db8::1:22',
    'tcp://host:22',
    'ftp://host:22',
    'host:22/other:23',
    'https://p/a:1/b:2',
    'https://p/',
    'https://p:x/a:1',
    'https://p/%zz',
    'host:22\r\nx: y',
  ]) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parseDestination(text), SystemError)
    })
  }

  test('a bare host is told that the port is missing', () => {
    assert.throws(() => parseDestination('redis.example.com'), { hint: /"redis.example.com:PORT"/ })
  })

  test('UDP is named as what is missing', () => {
    assert.throws(() => parseDestination('udp+https://h:53'), { message: /only TCP/ })
  })

  test('an unencrypted gateway is refused unless it is this machine', () => {
    for (const text of ['http://redis.example.com:6379', 'http://10.0.0.1/redis:6379']) {
      assert.throws(() => parseDestination(text), {
        code: 'invalid-gateway-url',
        message: /unencrypted/,
      })
    }
    assert.throws(() => parseDestination('r:1', 'http://gateway.example.com'), {
      message: /unencrypted/,
    })
  })

  test('a gateway needs its scheme and nothing behind its port', () => {
    for (const text of [
      'example.com:1234',
      'ftp://h',
      'https://h/path',
      'https://u@h',
      'https://',
      'https://h:0',
    ]) {
      assert.throws(() => parseGatewayUrl(text), { code: 'invalid-gateway-url' }, text)
    }
  })

  test('no text makes it throw anything but its own errors', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (text) => {
        try {
          const { authority } = parseDestination(text)
          assert.doesNotMatch(authority, /[\s/@]/)
        } catch (error) {
          assert.ok(error instanceof SystemError)
        }
      }),
    )
  })
})
