import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { maxMessageBytes, messageOverhead, initialCredit } from '../../src/tunnel/websocket.ts'
import { connectTls } from './dial.ts'
import { attackTest, guarded, inTurns, many, open, pour, untilEnd, type Victim } from './victim.ts'
import { binaryOf, frame, handshake, opcodes, type FrameOptions } from './websocket-frames.ts'

const { binary, close, continuation, ping, pong, text } = opcodes

/** Says these bytes, ends our side and answers what came back until the gateway ended its own. */
async function say({ rig }: Victim, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = await connectTls(rig, 'http/1.1')
  const answer = untilEnd(socket)
  await pour(socket, pieces)
  socket.end()
  return answer
}

function statusesOf(answer: string): readonly number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

/** A tunnel that is open; what was read behind the head is put back. */
async function openTunnel({ rig }: Victim): Promise<TLSSocket> {
  const socket = await connectTls(rig, 'http/1.1')
  socket.write(handshake(open))
  let bytes = Buffer.alloc(0)
  while (!bytes.includes('\r\n\r\n')) {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) await new Promise((resolve) => socket.once('readable', resolve))
    else bytes = Buffer.concat([bytes, chunk])
  }
  assert.match(bytes.toString('latin1'), /^HTTP\/1\.1 101 /)
  const rest = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
  if (rest.length > 0) socket.unshift(rest)
  return socket
}

/** Answers the PING behind the last byte, as every WebSocket does; without it the gateway waits. */
function answerLastPing(socket: TLSSocket): void {
  socket.on('data', (chunk: Buffer) => {
    if (chunk.includes('\x89\x04done', 0, 'latin1')) socket.write(frame(pong, 'done'))
  })
}

const key = 'Sec-WebSocket-Key'
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** Requests for a tunnel with something wrong, and what each is answered. */
const heads: Readonly<Record<string, readonly [head: string, status: number]>> = {
  'no key': [handshake(open, { [key]: undefined }), 400],
  'a short key': [handshake(open, { [key]: 'AAAA' }), 400],
  'a long key': [handshake(open, { [key]: 'A'.repeat(20_000) }), 400],
  'a key that is none': [handshake(open, { [key]: '!AAAAAAAAAAAAAAAAAAAAA==' }), 400],
  'no version': [handshake(open, { 'Sec-WebSocket-Version': undefined }), 400],
  'version 8': [handshake(open, { 'Sec-WebSocket-Version': '8' }), 400],
  'two versions': [handshake(open, { 'Sec-WebSocket-Version': '13, 8' }), 400],
  'no protocol': [handshake(open, { 'Sec-WebSocket-Protocol': undefined }), 400],
  'another protocol': [handshake(open, { 'Sec-WebSocket-Protocol': 'chat' }), 400],
  'many protocols': [handshake(open, { 'Sec-WebSocket-Protocol': 'a,'.repeat(8_000) }), 400],
  'no Host': [handshake(open, { Host: undefined }), 400],
  'two Hosts': [handshake(open, { host: 'localhost' }), 400],
  'another upgrade': [handshake(open, { Upgrade: 'h2c' }), 400],
  'no upgrade': [handshake(open, { Upgrade: undefined }), 400],
  'another method': [handshake(open, {}, undefined, 'POST % HTTP/1.1'), 400],
  'a body': [`${handshake(open, { 'Content-Length': '5' })}hello`, 400],
  'a chunked body': [`${handshake(open, { 'Transfer-Encoding': 'chunked' })}0\r\n\r\n`, 400],
  'a web page': [handshake(open, { Origin: 'https://evil.example.com' }), 403],
  'our own page': [handshake(open, { Origin: 'https://localhost' }), 403],
  'no target': [handshake(''), 400],
  'a query': [handshake(open, {}, `/.postern/v1/tunnel/${open}?pomerium_session=x`), 400],
  'a further segment': [handshake(open, {}, `/.postern/v1/tunnel/${open}/x`), 400],
  'a broken escape': [handshake(open, {}, '/.postern/v1/tunnel/%zz'), 400],
  'an escaped end of line': [handshake(open, {}, `/.postern/v1/tunnel/${open}%0d%0aX:y`), 400],
  'an escape twice': [handshake(open, {}, '/.postern/v1/tunnel/open.example.com%253A7'), 400],
  'a long target': [handshake(`${'a'.repeat(2_000)}:7`), 400],
  'an unknown target': [handshake('nowhere.example.com:7'), 404],
  'nobody at a guarded one': [handshake(guarded, { Accept: 'application/json' }), 401],
  'a cookie at a guarded one': [
    handshake(guarded, { Accept: 'application/json', Cookie: '__Host-postern=x' }),
    401,
  ],
}

/** What no client of ours says in a tunnel, and what ends it. */
const violations: Readonly<Record<string, readonly Buffer[]>> = {
  'no mask': [frame(binary, 'x', { isMasked: false })],
  'the first reserved bit': [frame(binary, 'x', { reserved: 0x40 })],
  'the second reserved bit': [frame(binary, 'x', { reserved: 0x20 })],
  'the third reserved bit': [frame(ping, 'x', { reserved: 0x10 })],
  ...Object.fromEntries(
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((code) => [`opcode ${code}`, [frame(code, 'x')]]),
  ),
  'a ping in fragments': [frame(ping, 'x', { isLast: false }), frame(continuation, 'y')],
  'a close in fragments': [frame(close, '', { isLast: false })],
  'a long ping': [frame(ping, Buffer.alloc(126))],
  'a continuation of nothing': [frame(continuation, 'x')],
  'a message within another': [frame(binary, 'x', { isLast: false }), frame(binary, 'y')],
  'a message that is too long': [frame(binary, Buffer.alloc(maxMessageBytes + 1))],
  'one that is too long in fragments': [
    frame(binary, Buffer.alloc(maxMessageBytes), { isLast: false }),
    frame(continuation, 'x'),
  ],
  'a length beyond all numbers': [frame(binary, 'x', { claimedLength: 2n ** 63n })],
  'a length beyond all memory': [frame(binary, 'x', { claimedLength: 2n ** 40n })],
  'a text that says nothing': [frame(text, 'hello')],
  'an empty text': [frame(text)],
  'a text that is not UTF-8': [frame(text, Buffer.from([0xff, 0xfe]))],
  'a long text': [frame(text, `credit ${'1'.repeat(60_000)}`)],
  'no credit': [frame(text, 'credit 0')],
  'negative credit': [frame(text, 'credit -1')],
  'credit in another spelling': [frame(text, 'credit 1e3')],
  'credit with more': [frame(text, 'credit 1 ')],
  'more credit than there is': [frame(text, 'credit 999999999')],
  'more credit in two parts': [frame(text, 'credit 67108864'), frame(text, 'credit 67108864')],
  'two ends': [frame(text, 'end'), frame(text, 'end')],
  'bytes behind the end': [frame(text, 'end'), frame(binary, 'x')],
  'a close of one byte': [frame(close, 'x')],
  'a close without a code': [frame(close)],
  'a close with a code that is never sent': [frame(close, Buffer.from([0x03, 0xed]))],
  'a close with a code of nobody': [frame(close, Buffer.from([0xff, 0xff]))],
  'a close whose reason is not UTF-8': [frame(close, Buffer.from([0x03, 0xe8, 0xff]))],
}

describe('a gateway under bad input over WebSockets', () => {
  attackTest(
    'handshakes that are none are answered one by one, and open nothing',
    async (victim) => {
      const reports: string[] = []
      for (const [name, [head, status]] of Object.entries(heads)) {
        // What would come behind a tunnel's head must not be served as a request either.
        const answer = await say(victim, head)
        const statuses = statusesOf(answer)
        if (statuses.length !== 1 || statuses[0] !== status)
          reports.push(`${name}: ${statuses.join(' ')}, expected ${status}`)
      }
      assert.deepEqual(reports, [])
      await many(100, () => say(victim, heads['no key']?.[0] ?? ''))
    },
  )

  attackTest(
    'half a handshake opens nothing, however it ends',
    async (victim) => {
      const head = handshake(open)
      const lengths = Array.from({ length: Math.floor(head.length / 5) }, (_, index) => index * 5)
      await Promise.all(
        lengths.map(async (length) => {
          const statuses = statusesOf(await say(victim, head.slice(0, length)))
          assert.ok(!statuses.includes(101))
          const lost = await connectTls(victim.rig, 'http/1.1')
          lost.write(head.slice(0, length), () => lost.destroy())
          const silent = await connectTls(victim.rig, 'http/1.1')
          const answer = untilEnd(silent)
          await pour(silent, [head.slice(0, length)])
          assert.deepEqual(statusesOf(await answer), [408])
        }),
      )
    },
    { timeout_read: '1s' },
  )

  attackTest('bytes behind a handshake are never another request', async (victim) => {
    for (const [authority, status] of [
      [open, 101],
      [guarded, 401],
      ['nowhere.example.com:7', 404],
    ] as const) {
      const head = handshake(authority, { Accept: 'application/json' })
      const answer = await say(victim, `${head}${smuggled}`)
      assert.deepEqual(statusesOf(answer), [status])
      const frames = Buffer.concat([frame(binary, `early for ${authority}`), frame(text, 'end')])
      // With its own end in the tunnel: TLS that ends before that is a client that is lost.
      const socket = await connectTls(victim.rig, 'http/1.1')
      const polite = untilEnd(socket)
      answerLastPing(socket)
      await pour(socket, [Buffer.concat([Buffer.from(head), frames])])
      assert.equal((await polite).includes(`early for ${authority}`), status === 101)
    }
    assert.deepEqual(
      victim.rig.lines.all(({ path }) => path === '/smuggled'),
      [],
    )
    assert.ok(!victim.heard().includes(`early for ${guarded}`))
  })

  attackTest('what breaks the protocol ends its tunnel', async (victim) => {
    await inTurns(Object.entries(violations), async ([name, frames]) => {
      const socket = await openTunnel(victim)
      const ended = untilEnd(socket)
      await pour(socket, [Buffer.concat(frames)])
      await ended.catch((error: unknown) => assert.fail(`${name}: ${String(error)}`))
    })
    await many(100, async () => {
      const socket = await openTunnel(victim)
      const ended = untilEnd(socket)
      await pour(socket, violations['no mask'] ?? [])
      await ended
    })
  })

  attackTest('floods of frames that ask for no answer end their tunnel', async (victim) => {
    const tiny: FrameOptions = { isLast: false }
    const floods: Readonly<Record<string, readonly [first: Buffer, next: Buffer]>> = {
      'text without meaning': [frame(text, 'x'), frame(text, 'x')],
      'credit beyond the bound': [frame(text, 'credit 9999'), frame(text, 'credit 9999')],
      'messages of nothing': [frame(binary), frame(binary)],
      'fragments of one message': [frame(binary, '', tiny), frame(continuation, '', tiny)],
      'fragments with bytes': [frame(binary, 'x', tiny), frame(continuation, 'x', tiny)],
    }
    for (const [name, [first, next]] of Object.entries(floods)) {
      const socket = await openTunnel(victim)
      // The echo of what was in order is not read: it must not be kept for ever either.
      await pour(socket, [first, ...repeat(200_000, next)])
      await untilEnd(socket).catch((error: unknown) => assert.fail(`${name}: ${String(error)}`))
    }
  })

  attackTest('pings that nobody reads the answers of end their tunnel', async (victim) => {
    const socket = await openTunnel(victim)
    await pour(socket, repeat(400_000, frame(ping, Buffer.alloc(125))))
    await untilEnd(socket)
  })

  attackTest('pongs without a ping, and credit that is wanted, harm nobody', async (victim) => {
    const socket = await openTunnel(victim)
    const answer = untilEnd(socket)
    answerLastPing(socket)
    await pour(socket, repeat(50_000, frame(pong, Buffer.alloc(125))))
    await pour(socket, repeat(50_000, frame(text, 'credit 1')))
    await pour(socket, [frame(binary, 'after the flood'), frame(text, 'end')])
    assert.ok((await answer).includes('after the flood'))
  })

  attackTest('a hundred thousand messages of one byte arrive', async (victim) => {
    const count = 100_000
    const perTurn = Math.floor(initialCredit / (messageOverhead + 1))
    const socket = await openTunnel(victim)
    const received: Buffer[] = []
    let onData = (): void => undefined
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk)
      onData()
    })
    for (let sent = 0; sent < count; sent += perTurn) {
      const turn = Math.min(perTurn, count - sent)
      socket.write(Buffer.concat(Array.from({ length: turn }, () => frame(binary, 'x'))))
      // The echo is what it wants read; more credit than that it is not given.
      while (binaryOf(Buffer.concat(received)).length < sent + turn) {
        await new Promise<void>((resolve) => (onData = resolve))
      }
      socket.write(frame(text, `credit ${turn * (messageOverhead + 1)}`))
      const all = Buffer.concat(received)
      received.splice(0, received.length, all)
    }
    const ended = untilEnd(socket)
    answerLastPing(socket)
    socket.write(frame(text, 'end'))
    await ended
  })

  attackTest(
    'tunnels whose clients stop reading, and are then lost, leave nothing',
    async (victim) => {
      await many(50, async (index) => {
        const socket = await openTunnel(victim)
        const message = frame(binary, Buffer.alloc(32 * 1024))
        await pour(socket, [frame(text, 'credit 60000000'), message])
        if (index % 2 === 0) socket.write(message.subarray(0, 1_000))
        await new Promise<void>((resolve) => socket.write('', () => resolve()))
        socket.destroy()
      })
    },
  )
})

/** So many frames, in pieces of a thousand: one system call each would be no flood. */
function* repeat(count: number, one: Buffer): Generator<Buffer> {
  const perPiece = 1_000
  const piece = Buffer.concat(Array.from({ length: perPiece }, () => one))
  for (let sent = 0; sent < count; sent += perPiece) yield piece
}
