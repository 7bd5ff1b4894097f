import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { anySession, carry, inAnyPieces, lastWords, type Session } from '../split.fixture.ts'
import { followMysql } from './mysql.ts'

const protocol41 = 1 << 9
const omitsEof = 1 << 24
/** What the service of these tests offers: everything. */
const offered = 0xffff_fffe
const eof = '\xfe\0\0\0\0'
const moreResults = '\xfe\0\0\x08\0'
const cursor = '\xfe\0\0\x40\0'
const ok = '\0\0\0\x02\0\0\0'
const okMore = '\0\0\0\x0a\0\0\0'
const okEnd = '\xfe\0\0\x02\0\0\0'
const column = '\x03def\0\0\0\x01a\0\x0c'
const error = '\xff\x15\x04#28000no'

describe('a session of MySQL', () => {
  test('is told before the greeting, by an error without a state, as a server does', () => {
    const error = errorOf(tellAfter([]), false)
    assert.deepEqual(error, { ...theError, sequence: 0, state: undefined })
  })

  test('is told in a sign-in where the service speaks next, and nowhere else', () => {
    const steps = [greeting(), response(), service(2, '\xfemore\0'), client(3, 'proof')]
    const sequences = steps.map((_, index) => sequenceAfter(steps.slice(0, index + 1)))
    assert.deepEqual(sequences, [undefined, 2, undefined, 4])
    assert.equal(sequenceAfter([...steps, service(4, ok)]), 1)
    // The client goes on reading, and closes.
    assert.equal(sequenceAfter([...steps, service(4, error)]), undefined)
  })

  test('is told at rest as in answer to its next command', () => {
    assert.deepEqual(errorOf(tellAfter(signedIn())), { ...theError, sequence: 1 })
  })

  test('is told in the place of a reply or a row, and not among columns', () => {
    const steps = [
      client(0, '\x03SELECT'),
      service(1, '\x02'),
      service(2, column),
      service(3, column),
      service(4, eof),
      service(5, '\x01x\x01y'),
      service(6, eof),
    ]
    assert.deepEqual(sequencesOf(steps), [1, undefined, undefined, undefined, 5, 6, 1])
    const shorter = [steps[0], ...steps.slice(1, 4), service(4, '\x01x\x01y'), service(5, okEnd)]
    assert.deepEqual(
      sequencesOf(
        shorter.filter((step) => step !== undefined),
        omitsEof,
      ),
      [1, undefined, undefined, 4, 5, 1],
    )
  })

  test('follows several results, and what has none', () => {
    const several = [
      client(0, '\x03CALL'),
      service(1, '\x01'),
      service(2, column),
      service(3, eof),
      service(4, moreResults),
      service(5, okMore),
      service(6, ok),
    ]
    assert.deepEqual(sequencesOf(several), [1, undefined, undefined, 4, 5, 6, 1])
    const failing = [client(0, '\x03SELECT'), service(1, error)]
    assert.deepEqual(sequencesOf(failing), [1, 1])
    const inRows = [...several.slice(0, 4), service(4, error)]
    assert.equal(sequencesOf(inRows).at(-1), 1)
  })

  test('follows prepared statements, cursors and what is not answered', () => {
    const prepared = '\0\x01\0\0\0\x01\0\x02\0\0\0\0'
    const both = [
      client(0, '\x16SELECT'),
      service(1, prepared),
      service(2, column),
      service(3, column),
      service(4, eof),
      service(5, column),
      service(6, eof),
    ]
    const none = undefined
    assert.deepEqual(sequencesOf(both), [1, none, none, none, none, none, 1])
    const without = [client(0, '\x16DO'), service(1, '\0\x01\0\0\0\0\0\0\0\0\0\0')]
    assert.deepEqual(sequencesOf(without), [1, 1])
    const fetched = [
      client(0, '\x17\x01\0\0\0'),
      service(1, '\x01'),
      service(2, column),
      service(3, cursor),
      client(0, '\x1c\x01\0\0\0'),
      service(1, '\0\0x'),
      service(2, eof),
    ]
    assert.deepEqual(sequencesOf(fetched), [1, none, none, 1, 1, 2, 1])
    assert.deepEqual(sequencesOf([client(0, '\x19\x01\0\0\0'), client(0, '\x18long')]), [1, 1])
  })

  test('follows one command behind another, and a client that becomes somebody else', () => {
    const ping = client(0, '\x0e')
    const pings = [ping, ping, service(1, ok), service(1, ok)]
    assert.deepEqual(sequencesOf(pings), [1, 1, 1, 1])
    const query = [client(0, '\x03SELECT'), ping, service(1, error)]
    assert.deepEqual(sequencesOf(query), [1, 1, 1])
    const changing = [client(0, '\x11bob'), service(1, '\xfeplugin\0'), client(2, 'proof')]
    assert.deepEqual(sequencesOf([...changing, service(3, ok)]), [1, undefined, 3, 1])
    const many = Array.from({ length: 65 }, () => ping)
    assert.equal(sequencesOf(many.slice(1)).at(-1), 1)
    assert.equal(sequencesOf(many).at(-1), undefined)
  })

  test('follows a file that the client sends, and tells nothing in it', () => {
    const loading = [
      client(0, '\x03LOAD'),
      service(1, '\xfbfile.csv'),
      client(2, 'a,b\n'),
      client(3, ''),
      service(4, ok),
    ]
    assert.deepEqual(sequencesOf(loading), [1, undefined, undefined, 4, 1])
  })

  test('follows what MariaDB says besides', () => {
    const progress = '\xff\xff\xff\x01\x01\x02\0\0\0'
    const slow = [client(0, '\x03ALTER'), service(1, progress), service(2, progress)]
    assert.deepEqual(sequencesOf([...slow, service(3, ok)]), [1, 2, 3, 1])
    // The columns of a statement that the client knows already are left out.
    const known = [client(0, '\x17\x01\0\0\0'), service(1, '\x02\0'), service(2, '\0\0x')]
    assert.deepEqual(sequencesOf([...known, service(3, okEnd)], omitsEof, 1 << 4), [1, 2, 3, 1])
    const said = [client(0, '\x17\x01\0\0\0'), service(1, '\x01\x01'), service(2, column)]
    assert.deepEqual(sequencesOf(said, omitsEof, 1 << 4), [1, undefined, 3])
    // Several commands in one.
    assert.equal(sequencesOf([client(0, '\x0e')], 0, 1 << 1)[0], undefined)
  })

  test('is told nothing inside a packet, or a message of several', () => {
    const begun = [...signedIn(), client(0, '\x03SELECT'), service(1, '\x01'), service(2, column)]
    const rows = [...begun, service(3, eof)]
    const row = service(4, 'a row').bytes
    for (let cut = 1; cut < row.length; cut++) {
      const part = { from: 'service' as const, bytes: row.subarray(0, cut) }
      assert.equal(sequenceAfter([...rows, part]), undefined, `at ${cut}`)
    }
    assert.equal(sequenceAfter([...rows, { from: 'client', bytes: Buffer.from([1]) }]), undefined)
    const large = 'x'.repeat(0xff_ffff)
    assert.equal(sequenceAfter([...rows, service(4, large)]), undefined)
    assert.equal(sequenceAfter([...rows, service(4, large), service(5, '')]), 6)
    const insert = [...signedIn(), client(0, `\x03${large.slice(1)}`)]
    assert.equal(sequenceAfter(insert), undefined)
    assert.equal(sequenceAfter([...insert, client(1, 'end')]), 2)
    // What begins like the end of rows is the rest of one.
    assert.equal(sequenceAfter([...rows, service(4, large), service(5, eof)]), 6)
  })

  for (const [name, bits] of [
    ['TLS', 1 << 11],
    ['compression', 1 << 5],
    ['compression by zstd', 1 << 26],
    ['metadata that may be left out', 1 << 25],
  ] as const) {
    test(`is told nothing once the client has asked for ${name}`, () => {
      const asked = [greeting(), response(protocol41 | bits)]
      assert.equal(sequenceAfter(asked), undefined)
      assert.equal(sequenceAfter([...asked, service(2, ok)]), undefined)
    })
  }

  test('is told nothing where it cannot be followed', () => {
    const old = [greeting(), response(0), service(2, ok)]
    assert.equal(sequenceAfter(old), undefined)
    for (const command of ['\x01', '\x12log', '\x1elog', '\xfemany', '\x7f', ''])
      assert.equal(sequencesOf([client(0, command)])[0], undefined, command)
    const outOfOrder = [client(0, '\x03SELECT'), service(2, ok)]
    assert.equal(sequencesOf(outOfOrder).at(-1), undefined)
    assert.equal(sequencesOf([service(0, error)]).at(-1), undefined)
    assert.equal(sequencesOf([client(1, '\x0e')]).at(-1), undefined)
    assert.equal(sequenceAfter([client(0, 'GET / HTTP/1.1\r\n')]), undefined)
    assert.equal(sequenceAfter([service(0, '\x09old')]), undefined)
    assert.equal(sequenceAfter([service(0, error)]), undefined)
  })

  test('ends at the same places in whatever pieces it comes', () => {
    const session = [
      ...signedIn(),
      client(0, '\x03SELECT'),
      service(1, '\x01'),
      service(2, column),
      service(3, eof),
      service(4, `\x30${'x'.repeat(48)}`),
      service(5, moreResults),
      service(6, ok),
      client(0, '\x0e'),
      service(1, ok),
    ]
    for (let length = 1; length <= session.length; length++) {
      const part = session.slice(0, length)
      const expected = sequenceAfter(part)
      fc.assert(
        fc.property(inAnyPieces(part), (pieces) => assert.equal(sequenceAfter(pieces), expected)),
        { numRuns: 20 },
      )
    }
  })

  test('never fails, and what it tells is one packet', () => {
    fc.assert(
      fc.property(anySession, fc.boolean(), fc.string(), (session, isBegun, text) => {
        const follower = followMysql()
        carry(follower, isBegun ? [...signedIn(), ...session] : session)
        // As ours, it begins with a letter: a "#" would be a state.
        const told = follower.tell({ message: `access ${text}`, hint: text })
        if (told !== undefined) errorOf(told, isBegun)
      }),
    )
  })
})

const theError = { code: 1053, state: '08S01', message: 'access has ended; connect again' }

/** Reads an error as a client does; throws where it is none, or more. */
function errorOf(told: Buffer | undefined, hasState = true) {
  assert.ok(told)
  assert.equal(told.readUIntLE(0, 3), told.length - 4)
  assert.equal(told[4], 0xff)
  assert.equal(told.toString('latin1', 7, 8) === '#', hasState)
  return {
    sequence: told[3],
    code: told.readUInt16LE(5),
    state: hasState ? told.toString('latin1', 8, 13) : undefined,
    message: told.toString('latin1', hasState ? 13 : 7),
  }
}

function tellAfter(session: Session): Buffer | undefined {
  const follower = followMysql()
  carry(follower, session)
  return follower.tell(lastWords)
}

/** The sequence of the error, or that there may be none. */
function sequenceAfter(session: Session): number | undefined {
  return tellAfter(session)?.[3]
}

/** The same behind each step of a session that is signed in. */
function sequencesOf(steps: Session, common = 0, mariadb = 0): (number | undefined)[] {
  return steps.map((_, index) =>
    sequenceAfter([...signedIn(common, mariadb), ...steps.slice(0, index + 1)]),
  )
}

function signedIn(common = 0, mariadb = 0): Session {
  return [greeting(), response(protocol41 | common, mariadb), service(2, ok)]
}

function greeting(): Session[number] {
  const rest = Buffer.alloc(31)
  rest.writeUInt16LE(offered & 0xffff, 13)
  rest.writeUInt16LE(offered >>> 16, 18)
  rest.writeUInt32LE(0xffff_ffff, 27)
  return service(0, `\x0a5.5.5-10.11.6-MariaDB\0${rest.toString('latin1')}mysql_native_password\0`)
}

function response(common = protocol41, mariadb = 0): Session[number] {
  const fixed = Buffer.alloc(32)
  fixed.writeUInt32LE(common)
  fixed.writeUInt32LE(mariadb, 28)
  return client(1, `${fixed.toString('latin1')}bob\0\0`)
}

function client(sequence: number, body: string): Session[number] {
  return { from: 'client', bytes: packet(sequence, body) }
}

function service(sequence: number, body: string): Session[number] {
  return { from: 'service', bytes: packet(sequence, body) }
}

function packet(sequence: number, body: string): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(body.length, 0, 3)
  header[3] = sequence
  return Buffer.concat([header, Buffer.from(body, 'latin1')])
}
