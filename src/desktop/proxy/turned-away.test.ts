import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import {
  basic,
  connectHead,
  established,
  openProxy,
  password,
  readAll,
  socksPassword,
  socksRequest,
  type ProxyRig,
} from './local-proxy.fixture.ts'
import type { ProxyEvent } from './local-proxy.ts'

const bytes = (...values: readonly number[]): Buffer => Buffer.from(values)
const basicOf = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`
const quick = { wrongPasswordDelayMs: 50 }

/** Sends words on a connection of their own, and reads what is said to them. */
async function say(rig: ProxyRig, words: string | Buffer): Promise<string> {
  const socket = await rig.connect()
  socket.write(words)
  return (await readAll(socket)).toString('latin1')
}

const codesOf = (events: readonly ProxyEvent[]): string[] =>
  events.map((event) => (event.kind === 'turned-away' ? event.error.code : event.kind))

/** Nobody got a tunnel, nor was anything of the password told to the log. */
function assertNothingOpened({ asked, events }: ProxyRig): void {
  assert.deepEqual(asked(), [])
  assert.deepEqual([...new Set(events.map(({ kind }) => kind))], ['turned-away'])
  const log = events.map((event) => (event.kind === 'turned-away' ? event.error.message : ''))
  assert.doesNotMatch(log.join(), new RegExp(`${password.password}|guess`))
}

describe('without the password there is no tunnel', () => {
  test('by HTTP, whatever is said in its place', async (t) => {
    const rig = await openProxy(t, { bounds: quick })
    const { user, password: right } = password
    const wrong = [
      '',
      'Basic',
      `Bearer ${right}`,
      basicOf(`${user}:guess`),
      basicOf(`${user}:${right}x`),
      basicOf(`${user}:${right.slice(1)}`),
      basicOf(`other:${right}`),
      basicOf(`${user}${right}`),
      basicOf(':'),
      `${basic}, ${basic}`,
    ]
    for (const authorization of wrong) {
      const answer = await say(rig, connectHead('db.corp:22', authorization))
      assert.match(answer, /^HTTP\/1\.1 407 Proxy Authentication Required\r\n/, authorization)
      assert.match(answer, /\r\nProxy-Authenticate: Basic realm="Postern", charset="UTF-8"\r\n/)
    }
    assert.deepEqual(codesOf(rig.events).slice(0, 2), [
      'proxy-password-missing',
      'proxy-password-wrong',
    ])
    assertNothingOpened(rig)
  })

  test('nor by a field that a proxy does not read', async (t) => {
    const rig = await openProxy(t, { bounds: quick })
    const head = connectHead('db.corp:22', '').replace(/\r\n$/, `Authorization: ${basic}\r\n\r\n`)
    assert.match(await say(rig, head), /^HTTP\/1\.1 407 /)
    assertNothingOpened(rig)
  })

  test('by SOCKS, whatever is said in its place', async (t) => {
    const rig = await openProxy(t, { bounds: quick })
    const request = socksRequest('db.corp', 22)
    const wrong = Buffer.concat([
      bytes(1, 7),
      Buffer.from('postern'),
      bytes(5),
      Buffer.from('guess'),
    ])
    const cases: [Buffer, number[]][] = [
      [Buffer.concat([bytes(5, 1, 0), request]), [5, 0xff]],
      [Buffer.concat([bytes(5, 0), request]), [5, 0xff]],
      [Buffer.concat([bytes(5, 2, 0, 2), wrong, request]), [5, 2, 1, 1]],
      [Buffer.concat([bytes(5, 1, 2, 1, 0, 0), request]), [5, 2, 1, 1]],
      // A request in the place of the password.
      [Buffer.concat([bytes(5, 1, 2), request]), [5, 2]],
    ]
    for (const [words, answer] of cases) {
      assert.deepEqual([...Buffer.from(await say(rig, words), 'latin1')], answer)
    }
    assertNothingOpened(rig)
  })

  test('and a wrong one is answered late, a missing one at once', async (t) => {
    const rig = await openProxy(t, { bounds: { wrongPasswordDelayMs: 400 } })
    const took = async (words: string | Buffer): Promise<number> => {
      const startedMs = performance.now()
      await say(rig, words)
      return performance.now() - startedMs
    }
    const wrong = connectHead('db.corp:22', basicOf('a:b'))
    const late = await Promise.all([wrong, bytes(5, 1, 2, 1, 1, 65, 1, 66)].map(took))
    assert.ok(
      late.every((ms) => ms >= 390),
      String(late),
    )
    assertNothingOpened(rig)
  })
})

describe('what a web page can have a browser send opens nothing, and tells the page nothing', () => {
  const fields = `Host: db.corp:5432\r\nOrigin: https://evil.example\r\n`
  const page = 'https://evil.example/'
  const requests = {
    'a plain request': `GET / HTTP/1.1\r\n${fields}\r\n`,
    'one without a host': 'GET / HTTP/1.1\r\n\r\n',
    'one for a name that was rebound': `GET /x HTTP/1.1\r\nHost: evil.example\r\nReferer: ${page}\r\n\r\n`,
    'one in absolute form': `GET http://db.corp:5432/ HTTP/1.1\r\n${fields}\r\n`,
    'one in absolute form, with the password': `GET http://db.corp:5432/ HTTP/1.1\r\n${fields}Proxy-Authorization: ${basic}\r\n\r\n`,
    'a question whether it may': `OPTIONS / HTTP/1.1\r\n${fields}Access-Control-Request-Method: CONNECT\r\n\r\n`,
    'a WebSocket': `GET / HTTP/1.1\r\n${fields}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    'a form whose body is a request for a tunnel': post(connectHead('db.corp:5432')),
    'a form whose body is one by SOCKS': post(
      Buffer.concat([socksPassword, socksRequest('db.corp', 5432)]).toString('latin1'),
    ),
    'a form that waits for leave to send': post('x', 'Expect: 100-continue\r\n'),
    'a request with another behind it': `GET / HTTP/1.1\r\n${fields}\r\n${connectHead('db.corp:5432')}`,
    'a HEAD with another behind it': `HEAD / HTTP/1.1\r\n${fields}\r\n${connectHead('db.corp:5432')}`,
  }
  for (const [name, request] of Object.entries(requests)) {
    test(name, async (t) => {
      const rig = await openProxy(t)
      const answer = await say(rig, Buffer.from(request, 'latin1'))
      assert.match(answer, /^HTTP\/1\.1 405 Method Not Allowed\r\n/)
      assert.match(answer, /\r\nAllow: CONNECT\r\n/)
      assert.match(answer, /\r\nContent-Type: text\/plain; charset=utf-8\r\n/)
      assert.match(answer, /\r\nX-Content-Type-Options: nosniff\r\n/)
      assert.doesNotMatch(answer, /access-control/i)
      assert.equal(answer.split('HTTP/1.1 ').length, 2, 'one answer')
      if (!request.startsWith('HEAD')) assert.match(answer, /\r\n\r\nThis is Postern's local proxy/)
      assertNothingOpened(rig)
    })
  }

  function post(body: string, more = ''): string {
    return `POST / HTTP/1.1\r\n${fields}${more}Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  }
})

test('what is no request for a tunnel is told why, and opens none', async (t) => {
  const rig = await openProxy(t)
  const target = (text: string): string => connectHead('x').replace('x', text)
  const cases: [string | Buffer, RegExp, string][] = [
    [target('db.corp'), /^HTTP\/1\.1 400 /, 'malformed-request'],
    [target('db.corp:0'), /^HTTP\/1\.1 400 /, 'malformed-request'],
    [target('user@db.corp:22'), /^HTTP\/1\.1 400 /, 'malformed-request'],
    [target('http://db.corp:22/'), /^HTTP\/1\.1 400 /, 'malformed-request'],
    [
      connectHead('db.corp:22').replace(/\r\n$/, 'Content-Length: 9\r\n\r\n'),
      /^HTTP\/1\.1 400 /,
      'malformed-request',
    ],
    ['CONNECT db corp HTTP/9.9\r\n\r\n', /^HTTP\/1\.1 400 /, 'malformed-request'],
    [
      connectHead('db.corp:22').replace(/\r\n$/, `X: ${'y'.repeat(20_000)}\r\n\r\n`),
      /^HTTP\/1\.1 431 /,
      'malformed-request',
    ],
    [bytes(4, 1, 0, 22, 0, 0, 0, 1, 0), /^\0\x5b\0{6}$/, 'not-socks'],
    [bytes(0x16, 3, 1, 2, 0, 1, 0), /^$/, 'not-a-proxy-request'],
    ['\0', /^$/, 'not-a-proxy-request'],
  ]
  for (const [words, answer] of cases) assert.match(await say(rig, words), answer)
  assert.deepEqual(
    codesOf(rig.events),
    cases.map(([, , code]) => code),
  )
  assertNothingOpened(rig)
})

test('a request by SOCKS for what there is not is answered with its own reply', async (t) => {
  const rig = await openProxy(t)
  const cases: [Buffer, number][] = [
    [bytes(5, 2, 0, 1, 1, 1, 1, 1, 0, 22), 7],
    [bytes(5, 3, 0, 1, 1, 1, 1, 1, 0, 22), 7],
    [bytes(5, 1, 0, 9, 1), 8],
    [socksRequest('no name', 22), 8],
    [socksRequest('db.corp', 0), 8],
  ]
  for (const [request, reply] of cases) {
    const answer = Buffer.from(await say(rig, Buffer.concat([socksPassword, request])), 'latin1')
    assert.deepEqual([...answer], [5, 2, 1, 0, 5, reply, 0, 1, 0, 0, 0, 0, 0, 0])
  }
  assert.deepEqual([...new Set(codesOf(rig.events))], ['not-socks'])
  assertNothingOpened(rig)
})

test('who is not admitted is cut unread', async (t) => {
  const rig = await openProxy(t, { admission: () => Promise.resolve('it is not yours') })
  const port = Number(rig.proxy.address.split(':').at(-1))
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  socket.write(connectHead('db.corp:22'))
  await readAll(socket)
  assert.equal(socket.bytesRead, 0)
  await rig.told('turned-away')
  assert.deepEqual(codesOf(rig.events), ['not-admitted'])
  assertNothingOpened(rig)
})

describe('who does not say what it wants costs next to nothing', () => {
  const beginnings = {
    nothing: '',
    'part of a head': 'CONNECT db.corp:22 HTTP/1.1\r\nHost: ',
    'part of a greeting': bytes(5, 9, 0),
    'a greeting, and no password': bytes(5, 1, 2),
    'the password, and no request': socksPassword,
    'a wrong password': connectHead('db.corp:22', basicOf('a:b')),
  }
  for (const [name, words] of Object.entries(beginnings)) {
    test(`${name}: it is cut in time`, async (t) => {
      const rig = await openProxy(t, {
        bounds: { handshakeTimeoutMs: 100, wrongPasswordDelayMs: 3_600_000 },
      })
      await say(rig, words)
      assertNothingOpened(rig)
    })
  }

  test('byte after byte gives no more time than none', async (t) => {
    const rig = await openProxy(t, { bounds: { handshakeTimeoutMs: 300 } })
    const socket = await rig.connect()
    const gone = readAll(socket)
    socket.write('CONNECT ')
    const drip = setInterval(() => socket.write('a'), 20)
    t.after(() => clearInterval(drip))
    await gone
    assert.match(messageOf(await rig.told('turned-away')), /did not say in time/)
    assertNothingOpened(rig)
  })

  test('many of them keep nobody else out: the oldest makes room', async (t) => {
    const rig = await openProxy(t, { bounds: { maxHandshakes: 4 } })
    const silent: Socket[] = []
    for (let count = 0; count < 4; count += 1) silent.push(await begun(t, rig))
    const cut = readAll(silent[0] as Socket)
    const socket = await rig.connect()
    socket.end(`${connectHead('db.corp:22')}words`)
    assert.equal((await readAll(socket)).toString(), `${established}words`)
    await cut
    assert.equal(rig.events.filter((event) => /make room/.test(messageOf(event))).length, 1)
    // Who has a tunnel is not among them, and makes no room.
    for (const one of silent.slice(1)) {
      one.end('NNECT db.corp:22 HTTP/1.1\r\n\r\n')
      assert.match((await readAll(one)).toString(), /^HTTP\/1\.1 407 /)
    }
  })

  async function begun(t: TestContext, rig: ProxyRig): Promise<Socket> {
    const socket = await rig.connect()
    socket.write('CO')
    // It has been accepted once something that came after it was answered.
    const after = await rig.connect()
    after.end('GET / HTTP/1.1\r\n\r\n')
    await readAll(after)
    t.after(() => socket.destroy())
    return socket
  }
})

test('whatever comes, it is turned away once, and the next one is served', async (t) => {
  const rig = await openProxy(t, { bounds: { ...quick, handshakeTimeoutMs: 2_000 } })
  const beginning = fc.constantFrom(
    '',
    '\x05',
    '\x05\x01\x02',
    '\x04\x01',
    'CONNECT ',
    'CONNECT a:1 HTTP/1.1\r\n',
    'GET / ',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  )
  const garbage = fc.uint8Array({ maxLength: 400 })
  let runs = 0
  await fc.assert(
    fc.asyncProperty(beginning, garbage, async (begin, rest) => {
      runs += 1
      const socket = await rig.connect()
      const answer = readAll(socket)
      socket.end(Buffer.concat([Buffer.from(begin, 'latin1'), rest]))
      await answer
      socket.destroy()
    }),
    { numRuns: 150 },
  )
  while (rig.events.length < runs) await new Promise(setImmediate)
  assertNothingOpened(rig)
  assert.equal(rig.events.length, runs)
  const after = await rig.connect()
  after.end(`${connectHead('db.corp:22')}words`)
  assert.equal((await readAll(after)).toString(), `${established}words`)
})

test('one that is lost while it is told why ends nothing else', async (t) => {
  const rig = await openProxy(t)
  for (const words of ['GET / HTTP/1.1\r\n\r\n', connectHead('db.corp:22', ''), bytes(5, 1, 0)]) {
    const socket = await rig.connect()
    socket.write(words)
    await once(socket, 'data')
    socket.resetAndDestroy()
    await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  }
  // Closing waits for all that has been told, and fails where one of them did.
  await rig.proxy.close(60_000)
})

test('what is sent on after a refusal is not read as a request, nor kept', async (t) => {
  const rig = await openProxy(t)
  const socket = await rig.connect()
  const answer = readAll(socket)
  socket.write('GET / HTTP/1.1\r\n\r\n')
  assert.match((await answer).toString(), /^HTTP\/1\.1 405 /)
  socket.write(connectHead('db.corp:22'))
  socket.write(Buffer.alloc(1024 * 1024))
  socket.end()
  if (!socket.closed) await once(socket, 'close')
  assertNothingOpened(rig)
})

function messageOf(event: ProxyEvent): string {
  return event.kind === 'turned-away' ? event.error.message : ''
}
