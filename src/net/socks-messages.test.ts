import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'node:test'
import { PeerError } from '../errors.ts'
import {
  encodeMethod,
  encodePasswordAnswer,
  encodeReply,
  parseGreeting,
  parsePassword,
  parseRequest,
} from './socks-messages.ts'

const bytes = (...values: readonly number[]): Buffer => Buffer.from(values)

const byName = (name: string, port: number, command = 1): Buffer =>
  Buffer.concat([
    bytes(5, command, 0, 3, name.length),
    Buffer.from(name),
    bytes(port >> 8, port & 0xff),
  ])

test('a greeting says how its client may show who it is', () => {
  const offered = (...greeting: number[]): unknown => {
    const { value, usedBytes } = parseGreeting(bytes(...greeting)) ?? {}
    return [[...(value ?? [])], usedBytes]
  }
  assert.deepEqual(offered(5, 1, 0), [['none'], 3])
  assert.deepEqual(offered(5, 2, 2, 0, 9), [['none', 'password'], 4])
  assert.deepEqual(offered(5, 1, 2), [['password'], 3])
  assert.deepEqual(offered(5, 2, 1, 0xff), [[], 4])
  assert.deepEqual(offered(5, 0), [[], 2])
})

test('the methods and the verdict have the bytes of RFC 1928 and RFC 1929', () => {
  const methods = (['none', 'password', 'unacceptable'] as const).map((name) => [
    ...encodeMethod(name),
  ])
  assert.deepEqual(methods, [
    [5, 0],
    [5, 2],
    [5, 0xff],
  ])
  assert.deepEqual([...encodePasswordAnswer(true), ...encodePasswordAnswer(false)], [1, 0, 1, 1])
})

test('user and password are bytes of any kind, and may be empty', () => {
  const said = (...message: number[]): unknown => {
    const { value, usedBytes } = parsePassword(bytes(...message)) ?? {}
    return value && [[...value.user], [...value.password], usedBytes]
  }
  assert.deepEqual(said(1, 2, 0, 255, 1, 7, 9), [[0, 255], [7], 6])
  assert.deepEqual(said(1, 0, 0), [[], [], 3])
  assert.equal(said(1), undefined)
  assert.equal(said(1, 2, 0), undefined)
  assert.equal(said(1, 2, 0, 255, 1), undefined)
  assert.throws(() => parsePassword(bytes(5, 1)), { code: 'not-socks' })
})

test('a request names an address of either family, or a name', () => {
  assert.deepEqual(parseRequest(bytes(5, 1, 0, 1, 10, 0, 0, 7, 0, 22))?.value, {
    command: 'connect',
    target: { host: '10.0.0.7', port: 22 },
  })
  const six = Buffer.concat([bytes(5, 1, 0, 4), Buffer.alloc(15), bytes(1, 0x15, 0x38)])
  assert.deepEqual(parseRequest(six)?.value.target, { host: '::1', port: 5432 })
  const { value, usedBytes } =
    parseRequest(Buffer.concat([byName('DB.corp', 5432), bytes(1, 2)])) ?? {}
  assert.deepEqual(value, { command: 'connect', target: { host: 'db.corp', port: 5432 } })
  assert.equal(usedBytes, 14)
})

test('a message that comes in pieces is the same message', () => {
  for (const whole of [byName('db.corp', 5432), bytes(5, 1, 0, 1, 10, 0, 0, 7, 0, 22)]) {
    for (let cut = 0; cut < whole.length; cut += 1) {
      assert.equal(parseRequest(whole.subarray(0, cut)), undefined, String(cut))
    }
  }
  assert.equal(parseGreeting(bytes(5, 3, 0)), undefined)
})

test('what is no request for a connection has no target, or is another command', () => {
  assert.equal(parseRequest(byName('db.corp', 1, 2))?.value.command, 'other')
  assert.equal(parseRequest(byName('db.corp', 0))?.value.target, undefined)
  assert.equal(parseRequest(byName('bad name', 1))?.value.target, undefined)
  assert.equal(parseRequest(byName('', 1))?.value.target, undefined)
  assert.equal(parseRequest(bytes(5, 1, 0, 9))?.value.target, undefined)
})

test('a name with what no name has in it has no target', () => {
  for (const name of ['db\0.corp', 'db.corp\0', 'db corp', 'a/b', 'x'.repeat(255)]) {
    const { value, usedBytes } = parseRequest(byName(name, 22)) ?? {}
    assert.deepEqual(value, { command: 'connect', target: undefined }, name)
    assert.equal(usedBytes, name.length + 7)
  }
})

test('a kind of address that is unknown is told from an unknown command', () => {
  assert.equal(parseRequest(bytes(5, 1, 0, 9))?.value.command, 'connect')
  for (const command of [0, 2, 3, 255]) {
    assert.equal(parseRequest(byName('db.corp', 1, command))?.value.command, 'other')
  }
})

for (const [name, [first, parse]] of Object.entries({
  parseGreeting: [5, parseGreeting],
  parsePassword: [1, parsePassword],
  parseRequest: [5, parseRequest],
} as const)) {
  test(`whatever comes, in whichever pieces, ${name} gives one answer for it`, () => {
    const likely = fc.constantFrom(0, 1, 2, 3, 4, 5, 255)
    const byte = fc.oneof(likely, fc.integer({ min: 0, max: 255 }))
    const input = fc.array(byte, { maxLength: 300 }).map((rest) => bytes(first, ...rest))
    fc.assert(
      fc.property(input, (whole) => {
        const answer = parse(whole)
        for (let cut = 0; cut <= whole.length; cut += 1) {
          const early = parse(whole.subarray(0, cut))
          if (early === undefined) continue
          assert.ok(early.usedBytes <= cut)
          assert.deepEqual(early, answer)
        }
        const versionless = Buffer.concat([bytes(4), whole])
        assert.throws(() => parse(versionless), PeerError)
      }),
    )
  })
}

test('another version, such as SOCKS 4 or HTTP, is no SOCKS', () => {
  for (const text of ['\u0004\u0001', 'GET / HTTP/1.1']) {
    assert.throws(() => parseGreeting(Buffer.from(text)), { code: 'not-socks' })
  }
})

test('a reply tells no address', () => {
  assert.deepEqual([...encodeReply('not-allowed')], [5, 2, 0, 1, 0, 0, 0, 0, 0, 0])
})
