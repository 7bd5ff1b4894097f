import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { anySession, carry, inAnyPieces, lastWords, type Session } from '../split.fixture.ts'
import { followRedis } from './redis.ts'

const told = '-ERR access has ended; connect again\r\n'

describe('a connection to Redis', () => {
  test('is told by an error where no reply is owed', () => {
    assert.equal(tellAfter([]), told)
    assert.equal(tellAfter([client('GET', 'a')]), undefined)
    assert.equal(tellAfter([client('GET', 'a'), service('$1\r\nx\r\n')]), told)
    const pipelined = [client('GET', 'a'), client('GET', 'b'), service('+x\r\n')]
    assert.equal(tellAfter(pipelined), undefined)
    assert.equal(tellAfter([...pipelined, service(':1\r\n')]), told)
  })

  test('is told nothing inside a request or a reply', () => {
    const request = client('SET', 'a', 'xyz')
    const reply = service('*3\r\n$3\r\na\nb\r\n*2\r\n:1\r\n$-1\r\n%1\r\n+a\r\n*0\r\n')
    for (let cut = 1; cut < request.bytes.length; cut++) {
      const part = { ...request, bytes: request.bytes.subarray(0, cut) }
      assert.equal(tellAfter([part]), undefined, `request at ${cut}`)
    }
    for (let cut = 1; cut < reply.bytes.length; cut++) {
      const part = { ...reply, bytes: reply.bytes.subarray(0, cut) }
      // Not even where it was asked for: the client reads what has begun.
      assert.equal(tellAfter([request, part]), undefined, `reply at ${cut}`)
    }
    assert.equal(tellAfter([request, reply]), told)
  })

  test('counts requests in words, and those that Redis does not answer', () => {
    const answer = service('+PONG\r\n')
    assert.equal(tellAfter([raw('PING\r\n')]), undefined)
    assert.equal(tellAfter([raw('PING\r\n'), answer]), told)
    assert.equal(tellAfter([raw('  set a "b c"\n'), answer]), told)
    assert.equal(tellAfter([raw('\r\n \n*0\r\n*-1\r\n')]), told)
    assert.equal(tellAfter([raw('"get" a\r\n'), answer]), undefined)
    assert.equal(tellAfter([raw('get\0 a\r\n'), answer]), undefined)
  })

  test('reads every type of version 3, and counts no push', () => {
    const values = [
      '+OK',
      '-ERR no',
      ':-7',
      '_',
      '#t',
      ',1.5',
      '(123456789012345678901234567890',
      '$-1',
      '*-1',
      '$0\r\n',
      '!5\r\nERR x',
      '=7\r\ntxt:abc',
      '~2\r\n:1\r\n:2',
      '*0',
      '%0',
      '%2\r\n+a\r\n*1\r\n:1\r\n+b\r\n_',
      '*2\r\n|1\r\n+ttl\r\n:5\r\n$1\r\nx\r\n:2',
      '|1\r\n+key\r\n*1\r\n,0.5\r\n+OK',
      '|0\r\n+OK',
    ]
    for (const value of values) {
      const reply = service(`${value}\r\n`)
      assert.equal(tellAfter([client('X'), reply]), told, value)
      assert.equal(tellAfter([client('X'), client('X'), reply]), undefined, value)
    }
    const push = service('>2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n')
    assert.equal(tellAfter([push]), told)
    assert.equal(tellAfter([client('GET', 'a'), push]), undefined)
    // Between an attribute and what it is about.
    assert.equal(tellAfter([client('X'), service('|1\r\n+key\r\n:1\r\n')]), undefined)
  })

  test('is told in the middle of what it subscribes to', () => {
    const begun = [client('GET', 'a'), client('subscribe', 'news')]
    assert.equal(tellAfter(begun), undefined)
    const joined = [service('_\r\n'), service('*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n')]
    const message = service('*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n')
    assert.equal(tellAfter([...begun, ...joined, message]), told)
    const more = [client('PING'), client('PSUBSCRIBE', 'x*'), service('+PONG\r\n')]
    assert.equal(tellAfter([...begun, ...joined, ...more, message]), told)
    const part = { ...message, bytes: message.bytes.subarray(0, 20) }
    assert.equal(tellAfter([...begun, ...joined, part]), undefined)
    for (const other of [client('UNSUBSCRIBE'), client('GET', 'a')])
      assert.equal(tellAfter([...begun, ...joined, other]), undefined)
  })

  test('is told nothing once replies can be counted no more', () => {
    const ok = service('+OK\r\n')
    for (const words of [
      ['MONITOR'],
      ['PSYNC', '?', '-1'],
      ['client', 'Reply', 'ON'],
      ['UNSUBSCRIBE'],
      ['QUIT'],
    ]) {
      assert.equal(tellAfter([client(...words), ok]), undefined, words.join(' '))
      assert.equal(tellAfter([client(...words), ok, client('PING'), ok]), undefined)
    }
    assert.equal(tellAfter([client('CLIENT', 'ID'), ok]), told)
    // Nobody has asked.
    assert.equal(tellAfter([ok]), undefined)
    assert.equal(tellAfter([ok, client('PING'), ok]), undefined)
  })

  test('is told nothing where it is no such connection', () => {
    const hello = raw('\x16\x03\x01\0\xc8\x01\0')
    for (const wrong of ['*1\r\n+a\r\n', '*x\r\n', '*1\r\n$1\r\nab', '*1\r\n$-1\r\n', '*1 \r\n'])
      assert.equal(tellAfter([raw(wrong), service('-ERR\r\n')]), undefined, wrong)
    assert.equal(tellAfter([hello, service('-ERR\r\n')]), undefined)
    const streamed = ['$?\r\n', '*?\r\n', '@\r\n', '*-\r\n']
    const deep = '*1\r\n'.repeat(65)
    for (const wrong of [...streamed, deep])
      assert.equal(tellAfter([client('X'), service(`${wrong}+OK\r\n`)]), undefined, wrong)
    assert.equal(tellAfter([client('X'), service(`${'*1\r\n'.repeat(64)}+OK\r\n`)]), told)
  })

  test('ends at the same places in whatever pieces it comes', () => {
    const session = [
      client('SET', 'a', 'x'.repeat(50)),
      raw('PING\r\n'),
      service('|1\r\n+k\r\n:1\r\n+OK\r\n>1\r\n+news\r\n$5\r\nhello\r\n'),
      client('HGETALL', 'h'),
      service('%2\r\n+a\r\n*2\r\n:1\r\n$2\r\n\r\n\r\n$1\r\nb\r\n_\r\n'),
    ]
    for (let length = 1; length <= session.length; length++) {
      const part = session.slice(0, length)
      const expected = tellAfter(part)
      fc.assert(
        fc.property(inAnyPieces(part), (pieces) => assert.equal(tellAfter(pieces), expected)),
      )
    }
  })

  test('never fails, and what it tells is one line', () => {
    const line = /^-ERR [ -~]*\r\n$/
    fc.assert(
      fc.property(anySession, fc.string(), (session, text) => {
        const follower = followRedis()
        carry(follower, session)
        const bytes = follower.tell({ message: text, hint: text })
        if (bytes !== undefined) assert.match(bytes.toString(), line)
      }),
    )
  })
})

function tellAfter(session: Session): string | undefined {
  const follower = followRedis()
  carry(follower, session)
  return follower.tell(lastWords)?.toString()
}

function client(...words: readonly string[]): Session[number] {
  const args = words.map((word) => `$${word.length}\r\n${word}\r\n`)
  return raw(`*${words.length}\r\n${args.join('')}`)
}

function raw(text: string): Session[number] {
  return { from: 'client', bytes: Buffer.from(text, 'latin1') }
}

function service(text: string): Session[number] {
  return { from: 'service', bytes: Buffer.from(text, 'latin1') }
}
