import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LogFields } from '../log.ts'
import { fixedClock } from './log.fixture.ts'
import { createLog } from './log.ts'

function setUp(useColour = false) {
  const lines: string[] = []
  const sink = { write: (line: string) => void lines.push(line) }
  const log = createLog({ sink, clock: fixedClock, human: { useColour } })
  const time = new Date(fixedClock.now()).toTimeString().slice(0, 8)
  return {
    log,
    lines,
    /** What follows the time, of one line. */
    say(service: string, message: string, fields?: LogFields): string {
      log.service(service).info(message, fields)
      const line = lines.at(-1) ?? ''
      assert.equal(line.slice(0, 9), `${time} `)
      return line.slice(9)
    },
  }
}

const request = {
  'upstream-cluster': 'ssh-5b0d',
  method: 'CONNECT',
  authority: 'ssh.example.com:22',
  path: '',
  'request-id': '5e1c',
  duration: 183_422,
  size: 42_110,
  'response-code': 200,
  'response-code-details': 'via_upstream',
  ip: '203.0.113.9',
  user: '2f9c',
  email: 'alice@example.com',
  'session-id': 'q7Zk',
  route: 'ssh',
  'bytes-up': 9_120,
  'bytes-down': 42_110,
  ended: 'client-closed',
}

describe('a log line for people', () => {
  test('has the time here, the level, who speaks, and what of the fields people read', () => {
    const { say } = setUp()
    const text = say('gateway', 'listening', {
      address: '127.0.0.1:443',
      routes: 2,
      'user-agent': 'x',
      'request-id': 'r1',
      email: 'ada@example.com',
      user: 'u1',
      hosts: ['a', 'b'],
      odd: { a: 1 },
      none: undefined,
      empty: '',
    })
    assert.equal(
      text,
      'INF gateway: listening address=127.0.0.1:443 routes=2 email=ada@example.com hosts=a,b odd="{\\"a\\":1}"\n',
    )
  })

  test('of a fault has the request as well, whose other lines are looked for', () => {
    const { log, lines } = setUp()
    log.service('access').error('odd', { error: new Error('no "x" = y'), 'request-id': 'r1' })
    assert.match(lines[0] ?? '', / ERR access: odd error="no \\"x\\" = y" request-id=r1\n$/)
  })

  test('is below the level nothing, and has no secret', () => {
    const { log, lines } = setUp()
    log.service('gateway').debug('hidden')
    log.setLevel('debug')
    log.service('gateway').debug('shown', { authorization: 'Bearer s3cr3t' })
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', / DBG gateway: shown authorization=\[redacted\]\n$/)
  })

  test('has colours of its own where they are wanted, and none of others', () => {
    const { log, lines } = setUp(true)
    log.service('gateway').warn('odd', { name: '\u001B[2Jx' })
    assert.equal(
      // oxlint-disable-next-line no-control-regex
      (lines[0] ?? '').replaceAll(/\u001B\[\d+m/g, '').slice(9),
      'WRN gateway: odd name=\\u001b[2Jx\n',
    )
    assert.ok((lines[0] ?? '').startsWith('\u001B[90m'))
  })

  test('is one line in which nothing is obeyed, hidden or passed off as another value', () => {
    const { log, lines } = setUp()
    const hostile = 'x\r\n\u001B[2J\u009B31m\u202Ey\u2028\u007F deny="false" '
    for (const message of ['odd', 'http-request', 'authorize check'])
      for (const method of ['CONNECT', 'GET'])
        log.service('access').info(message, {
          ...Object.fromEntries(Object.keys(request).map((name) => [name, hostile])),
          method,
          [hostile]: hostile,
          'allow-why-true': [hostile],
        })
    assert.equal(lines.length, 6)
    for (const line of lines) {
      assert.ok(line.endsWith('\n'))
      assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
    }
    assert.doesNotMatch(lines[0] ?? '', /[^\\]" deny="/)
  })

  test('stays short, however long a value is', () => {
    const { say } = setUp()
    assert.ok(say('gateway', 'odd', { name: 'x'.repeat(10_000) }).length < 250)
  })
})

describe('a request and a decision are a sentence', () => {
  const { say } = setUp()
  const tunnelOnly = new Set(['bytes-up', 'bytes-down', 'ended'])
  const others = Object.fromEntries(
    Object.entries(request).filter(([name]) => !tunnelOnly.has(name)),
  )

  for (const [fields, sentence] of [
    [
      request,
      'alice@example.com used ssh (ssh.example.com:22) from 203.0.113.9 for 3m3s: 8.9 KiB up, 41.1 KiB down, client-closed',
    ],
    [
      { ...request, ended: 'upstream-reset', error: 'it was reset', email: undefined, route: '' },
      '2f9c used ssh.example.com:22 from 203.0.113.9 for 3m3s: 8.9 KiB up, 41.1 KiB down, upstream-reset, it was reset',
    ],
    [
      { ...others, 'response-code': 403, 'response-code-details': 'policy_denied', error: 'no' },
      'alice@example.com got no tunnel to ssh (ssh.example.com:22) from 203.0.113.9: policy_denied (403), no',
    ],
    [
      { method: 'CONNECT', authority: 'a:1 from 9.9.9.9 for 1s: "x', 'response-code': 400 },
      String.raw`somebody got no tunnel to "a:1 from 9.9.9.9 for 1s: \"x": (400)`,
    ],
    [{ method: 'CONNECT', authority: 'a:1', ended: 'timeout' }, 'somebody used a:1: timeout'],
    [
      { ...others, method: 'GET', path: '/.postern/', email: '', user: '', duration: 12 },
      'GET /.postern/ from 203.0.113.9: 200 in 12ms, 41.1 KiB',
    ],
    [
      { method: 'POST', path: '/x', 'service-account-id': 'ci', 'response-code': 500 },
      'POST /x by service account ci: 500',
    ],
  ] as const)
    test(sentence, () =>
      assert.equal(say('access', 'http-request', fields), `INF access: ${sentence}\n`),
    )

  const decision = { host: 'ssh.example.com:22', route: 'ssh', ip: '203.0.113.9' }
  for (const [fields, sentence] of [
    [
      { ...decision, email: 'a@b.c', allow: true, 'allow-why-true': ['email-ok'], deny: false },
      'a@b.c may use ssh (ssh.example.com:22) from 203.0.113.9: allowed by email-ok',
    ],
    [
      {
        ...decision,
        email: 'm@b.c',
        allow: true,
        'allow-why-true': ['user-ok'],
        deny: true,
        'deny-why-true': ['email-ok'],
        're-check': true,
      },
      'm@b.c may not use ssh (ssh.example.com:22) from 203.0.113.9 any more: allowed by user-ok, denied by email-ok',
    ],
    [
      { ...decision, allow: false, 'allow-why-false': ['user-unauthenticated'], deny: false },
      'somebody may not use ssh (ssh.example.com:22) from 203.0.113.9: not allowed: user-unauthenticated',
    ],
  ] as const)
    test(sentence, () =>
      assert.equal(say('authorize', 'authorize check', fields), `INF authorize: ${sentence}\n`),
    )
})
