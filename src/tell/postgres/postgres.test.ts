import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { followPostgres } from './postgres.ts'
import { anySession, carry, inAnyPieces, lastWords, type Session } from '../split.fixture.ts'

const startup = packet(0x0003_0000, 'user\0alice\0database\0shop\0\0')
const sslRequest = packet(80_877_103)
const gssEncRequest = packet(80_877_104)
const authenticationOk = message('R', '\0\0\0\0')
const ready = message('Z', 'I')
const query = message('Q', 'SELECT 1\0')
const row = message('D', `\0\x01\0\0\0\x40${'x'.repeat(64)}`)

/** A session from its first byte to an answer. */
const whole: Session = [
  client(sslRequest),
  service(Buffer.from('N')),
  client(startup),
  service(Buffer.concat([authenticationOk, message('S', 'TimeZone\0UTC\0'), ready])),
  client(query),
  service(Buffer.concat([message('T', '\0\0'), row, row, message('C', 'SELECT 2\0'), ready])),
]

describe('a session of PostgreSQL', () => {
  test('is told by a FATAL with 57P01 wherever a message has just ended', () => {
    for (const told of [[client(startup)], whole.slice(0, 3), whole.slice(0, 4), whole]) {
      const message = tellAfter(told)
      assert.ok(message)
      assert.deepEqual(fieldsOf(message), {
        S: 'FATAL',
        V: 'FATAL',
        C: '57P01',
        M: 'access has ended',
        H: 'connect again',
      })
    }
  })

  test('is told without a hint where there is none, and in characters that it can show', () => {
    const follower = followPostgres()
    carry(follower, whole)
    const told = follower.tell({ message: 'zu "Büro"\0\u001b', hint: '' })
    assert.ok(told)
    assert.deepEqual(fieldsOf(told), { S: 'FATAL', V: 'FATAL', C: '57P01', M: 'zu "B?ro"??' })
  })

  test('is told nothing inside a message', () => {
    const before = whole.slice(0, 4)
    for (let cut = 1; cut < row.length; cut++) {
      assert.equal(tellAfter([...before, service(row.subarray(0, cut))]), undefined, `at ${cut}`)
    }
    assert.ok(tellAfter([...before, service(row)]))
  })

  test('is told nothing before the client has said which version it speaks', () => {
    assert.equal(tellAfter([]), undefined)
    for (let cut = 1; cut < startup.length; cut++) {
      assert.equal(tellAfter([client(startup.subarray(0, cut))]), undefined, `at ${cut}`)
    }
    // A client that has asked for TLS does not show what it is answered in the clear (CVE-2024-10977).
    assert.equal(tellAfter([client(sslRequest)]), undefined)
    assert.equal(tellAfter([client(sslRequest), service(Buffer.from('N'))]), undefined)
  })

  test('is told after both kinds of encryption were refused', () => {
    const no = service(Buffer.from('N'))
    assert.ok(tellAfter([client(gssEncRequest), no, client(sslRequest), no, client(startup)]))
  })

  for (const [name, request, answer] of [
    ['TLS', sslRequest, 'S'],
    ['GSSAPI', gssEncRequest, 'G'],
  ] as const) {
    test(`is told nothing once ${name} was accepted, whatever it looks like`, () => {
      const accepted = [client(request), service(Buffer.from(answer))]
      assert.equal(tellAfter(accepted), undefined)
      assert.equal(tellAfter([...accepted, client(startup)]), undefined)
      assert.equal(tellAfter([...accepted, client(startup), service(ready)]), undefined)
    })
  }

  test('is told nothing where it is TLS from its first byte, another version, or a cancellation', () => {
    const hello = Buffer.from('16030100c8010000c40303', 'hex')
    const others = [hello, packet(0x0002_0000, 'x'.repeat(288)), packet(80_877_102, 'pid.key.')]
    for (const other of others) {
      assert.equal(tellAfter([client(other)]), undefined)
      assert.equal(tellAfter([client(other), client(startup), service(ready)]), undefined)
    }
  })

  test('is told nothing where the two do not wait for each other as the protocol asks', () => {
    const answered = service(Buffer.from('N'))
    const unasked = service(ready)
    const error = service(Buffer.from('Ebad request\0'))
    const both = Buffer.concat([sslRequest, startup])
    for (const odd of [
      [unasked, client(startup)],
      [client(both)],
      [client(both), answered],
      [client(sslRequest), service(Buffer.from('NN')), client(startup)],
      [client(sslRequest), error, client(startup)],
    ]) {
      assert.equal(tellAfter(odd), undefined)
    }
  })

  test('is told nothing once the service has said what is no message', () => {
    const begun = whole.slice(0, 4)
    const noKind = message('?', 'what')
    const tooShort = Buffer.from('Z\0\0\0\x03')
    for (const wrong of [noKind, message('?', ''), tooShort]) {
      assert.equal(tellAfter([...begun, service(wrong)]), undefined)
      assert.equal(tellAfter([...begun, service(wrong), service(ready)]), undefined)
    }
  })

  test('ends its messages at the same places in whatever pieces it comes', () => {
    const partial: Session = [...whole, service(row.subarray(0, 40))]
    for (const session of [whole, partial]) {
      const expected = tellAfter(session)
      fc.assert(
        fc.property(inAnyPieces(session), (pieces) => {
          assert.deepEqual(tellAfter(pieces), expected)
        }),
      )
    }
  })

  test('never fails, and what it tells is one message', () => {
    fc.assert(
      fc.property(anySession, fc.boolean(), fc.string(), (session, isBegun, text) => {
        const follower = followPostgres()
        carry(follower, isBegun ? [...whole, ...session] : session)
        const told = follower.tell({ message: text, hint: text })
        if (told !== undefined) fieldsOf(told)
      }),
    )
  })
})

function tellAfter(session: Session): Buffer | undefined {
  const follower = followPostgres()
  carry(follower, session)
  return follower.tell(lastWords)
}

/** Reads an ErrorResponse as its documentation says; throws where it is none, or more. */
function fieldsOf(told: Buffer): Record<string, string> {
  assert.equal(told.toString('latin1', 0, 1), 'E')
  assert.equal(told.readInt32BE(1), told.length - 1)
  assert.equal(told.toString('latin1', told.length - 2), '\0\0')
  const fields = told.toString('utf8', 5, told.length - 2).split('\0')
  return Object.fromEntries(fields.map((field) => [field.slice(0, 1), field.slice(1)]))
}

function packet(code: number, rest = ''): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + rest.length)
  head.writeUInt32BE(code, 4)
  return Buffer.concat([head, Buffer.from(rest)])
}

function message(kind: string, body: string): Buffer {
  const head = Buffer.alloc(5)
  head.write(kind)
  head.writeUInt32BE(4 + body.length, 1)
  return Buffer.concat([head, Buffer.from(body)])
}

function client(bytes: Uint8Array): Session[number] {
  return { from: 'client', bytes }
}

function service(bytes: Uint8Array): Session[number] {
  return { from: 'service', bytes }
}
