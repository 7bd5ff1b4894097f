import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createSecureContext, createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { createFakeClock } from '../../fake-clock.ts'
import { createCertificateAuthority, type CertificateAuthority } from '../../net/certificate.ts'
import { findRow, rowKeysOf, sendingOf } from '../../net/proc-tcp.ts'
import type { PeerTls } from './peer-tls.ts'
import type { ForwardedRecord } from './record.ts'
import { createSyslogDestination } from './syslog-destination.ts'

const ours = await createCertificateAuthority()

function record(event: string, seq = 1): ForwardedRecord {
  const entry = { time: '2026-08-20T03:10:00.000Z', kind: 'admin', event } as const
  return { series: 'people', seq, line: JSON.stringify(entry), entry }
}

/** Reads frames of RFC 5425, however they are cut into pieces. */
function frameReader(): (bytes: Buffer) => string[] {
  let rest = Buffer.alloc(0)
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    const frames: string[] = []
    for (;;) {
      const [head, length = ''] = /^(\d+) /.exec(rest.toString('latin1', 0, 12)) ?? []
      if (head === undefined || rest.length < head.length + Number(length)) return frames
      frames.push(rest.toString('utf8', head.length, head.length + Number(length)))
      rest = rest.subarray(head.length + Number(length))
    }
  }
}

interface Receiver {
  readonly port: number
  readonly events: string[]
  readonly sockets: TLSSocket[]
  readonly raw: Socket[]
  readonly failures: string[]
}

async function listen(
  t: TestContext,
  options: TlsOptions & { readonly onSocket?: (socket: TLSSocket) => void } = {},
): Promise<Receiver> {
  const { onSocket, ...tls } = options
  const receiver: Receiver = { port: 0, events: [], sockets: [], raw: [], failures: [] }
  const server = createServer({ ...(await ours.issue(['localhost'])), ...tls }, (socket) => {
    receiver.sockets.push(socket)
    socket.on('error', () => undefined)
    if (onSocket !== undefined) return onSocket(socket)
    const read = frameReader()
    socket.on('data', (bytes: Buffer) => {
      for (const frame of read(bytes)) receiver.events.push(frame.split(' ')[5] ?? '')
    })
  })
  server.on('connection', (socket: Socket) => receiver.raw.push(socket))
  server.on('tlsClientError', (error) => receiver.failures.push(error.message))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of receiver.raw) socket.destroy()
    server.close()
  })
  return Object.assign(receiver, { port: (server.address() as AddressInfo).port })
}

function sending(
  t: TestContext,
  { port }: Receiver,
  tls: Partial<PeerTls> & { readonly authority?: CertificateAuthority } = {},
) {
  const clock = createFakeClock()
  const { authority = ours, ...rest } = tls
  const context = createSecureContext({ ca: authority.cert })
  const destination = createSyslogDestination(
    { address: { host: 'localhost', port }, tls: { context, ...rest } },
    { clock, hostName: 'gw' },
  )
  const ended = new AbortController()
  t.after(() => {
    ended.abort()
    return destination.close()
  })
  return {
    clock,
    destination,
    send: (...events: string[]) =>
      destination.send(
        events.map((event, index) => record(event, index + 1)),
        ended.signal,
      ),
    async until(holds: () => boolean, stepMs = 0): Promise<void> {
      const deadlineMs = performance.now() + 60_000
      for (let turn = 0; !holds(); turn += 1) {
        if (performance.now() > deadlineMs) assert.fail('it never holds')
        await nextTurn()
        if (turn % 100 === 0) clock.advance(stepMs)
      }
    },
  }
}

/** Bytes of the first connection that the receiver's system has not acknowledged; 0 where there are no such tables. */
async function unacknowledged({ raw: [raw = assert.fail()] }: Receiver): Promise<number> {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = raw
  const ours = { localAddress: remoteAddress, localPort: remotePort }
  const theirs = { remoteAddress: localAddress, remotePort: localPort }
  const row = await findRow(rowKeysOf({ ...ours, ...theirs }))
  return row === undefined ? 0 : sendingOf(row).unacknowledged
}

test('messages arrive whole and in order, each in its frame, over one connection', async (t) => {
  const receiver = await listen(t)
  const { send, until } = sending(t, receiver)
  await send('a', 'bü')
  await send('c'.repeat(31))
  await until(() => receiver.events.length === 3)
  assert.deepEqual(receiver.events, ['a', 'b-', 'c'.repeat(31)])
  assert.equal(receiver.sockets.length, 1)
  assert.match(receiver.sockets[0]?.getProtocol() ?? '', /^TLSv1\.[23]$/)
})

test('what was sent counts as taken once the connection has stood for five seconds', async (t) => {
  const receiver = await listen(t)
  const { send, until, clock } = sending(t, receiver)
  const { taken } = await send('a')
  let isTaken = false
  void taken.then(() => (isTaken = true))
  await until(() => receiver.events.length === 1)
  // The system acknowledges in its own time, while the clock stands still.
  while ((await unacknowledged(receiver)) > 0);
  clock.advance(4_999)
  await nextTurn()
  assert.equal(isTaken, false)
  clock.advance(1)
  await taken
  assert.equal(clock.pending, 0)
})

test('what was sent before a receiver closes may be lost, and the next goes by a new connection', async (t) => {
  const receiver = await listen(t)
  const { send, until } = sending(t, receiver)
  const { taken } = await send('a')
  await until(() => receiver.events.length === 1)
  receiver.sockets[0]?.end()
  await assert.rejects(taken, /"localhost:\d+" closed the connection/)
  await send('a')
  await until(() => receiver.events.length === 2)
  assert.equal(receiver.sockets.length, 2)
})

test('a receiver that resets in the middle of a message loses what was not taken', async (t) => {
  const receiver = await listen(t, {
    onSocket: (socket) => socket.once('data', () => receiver.raw[0]?.resetAndDestroy()),
  })
  const { send } = sending(t, receiver)
  const sent = send(...Array.from({ length: 500 }, (_, index) => `${index}${'x'.repeat(2_000)}`))
  await assert.rejects(sent.then(({ taken }) => taken))
})

test('a receiver that stops reading is given up, and what it did not take is told', async (t) => {
  const receiver = await listen(t, { onSocket: (socket) => socket.pause() })
  const { send, until, clock } = sending(t, receiver)
  await send('a')
  const startMs = clock.now()
  let why = ''
  async function fill(): Promise<void> {
    const large = Array.from({ length: 200 }, (_, index) => `${index}${'x'.repeat(10_000)}`)
    for (;;) await send(...large)
  }
  void fill().catch((error: Error) => (why = error.message))
  await until(() => why !== '', 1_000)
  assert.match(why, /takes nothing|acknowledges nothing/)
  assert.ok(clock.now() - startMs >= 60_000)
})

test('a receiver that takes not even the first of it is given up', async (t) => {
  const receiver = await listen(t, { onSocket: (socket) => socket.pause() })
  const { send, until } = sending(t, receiver)
  await send('a')
  let why = ''
  const large = Array.from({ length: 3_000 }, (_, index) => `${index}${'x'.repeat(10_000)}`)
  void send(...large).catch((error: Error) => (why = error.message))
  await until(() => why !== '', 1_000)
  assert.match(why, /"localhost:\d+" takes nothing/)
})

test(
  'a receiver that acknowledges nothing of what the system took is given up',
  { skip: process.platform !== 'linux' && 'it has no table of connections' },
  async (t) => {
    const receiver = await listen(t, { onSocket: (socket) => socket.pause() })
    const { send, until } = sending(t, receiver)
    let last = await send('a')
    // Until much of it stays there, look after look.
    for (let looks = 0; looks < 5; looks += 1) {
      if ((await unacknowledged(receiver)) > 32_768) continue
      last = await send('x'.repeat(60_000))
      looks = 0
    }
    let why = ''
    last.taken.catch((error: Error) => (why = error.message))
    await until(() => why !== '', 1_000)
    assert.match(why, /acknowledges nothing/)
  },
)

test('little that is sent to a receiver whose window is shut is not taken for sent', async (t) => {
  const receiver = await listen(t, { onSocket: (socket) => socket.pause() })
  const { send, until } = sending(t, receiver)
  await send('a')
  const deliveries: Promise<void>[] = []
  const failed: string[] = []
  // As much as fits between the two, and more: the last of it is acknowledged by nobody.
  const large = Array.from({ length: 100 }, (_, index) => `${index}${'x'.repeat(10_000)}`)
  void (async () => {
    for (;;) {
      const { taken } = await send(...large)
      taken.catch((error: Error) => failed.push(error.message))
      deliveries.push(taken)
    }
  })().catch(() => undefined)
  await until(() => failed.length > 0, 1_000)
  const last = await Promise.allSettled(deliveries.slice(-1))
  assert.equal(last[0]?.status, 'rejected')
})

test('a receiver that answers its end has taken what was before it', async (t) => {
  const receiver = await listen(t)
  const { send, destination } = sending(t, receiver)
  const { taken } = await send('a', 'b')
  await destination.close()
  await taken
  assert.deepEqual(receiver.events, ['a', 'b'])
})

test('a receiver that does not answer the end is left after a second, and not counted on', async (t) => {
  const receiver = await listen(t, { onSocket: (socket) => socket.pause() })
  const { send, destination } = sending(t, receiver)
  const { taken } = await send('a')
  const lost = assert.rejects(taken)
  await destination.close()
  await lost
})

test('a wrong certificate is refused, and no byte is said to whoever shows it', async (t) => {
  const theirs = await createCertificateAuthority()
  const past = { notAfter: new Date(Date.now() - 60_000) }
  const wrong = {
    'of another authority': [await theirs.issue(['localhost']), /certificate/],
    'for another name': [await ours.issue(['elsewhere.example.com']), /altnames|not in the cert/],
    'out of date': [await ours.issue(['localhost'], past), /certificate has expired/],
    'of a client': [await ours.issueClient({ name: 'x', dns: ['localhost'] }), /purpose/],
  } as const
  for (const [why, [pair, message]] of Object.entries(wrong)) {
    const receiver = await listen(t, pair)
    const { send, destination } = sending(t, receiver)
    await assert.rejects(send('a'), message, why)
    await destination.close()
    assert.deepEqual(receiver.events, [], why)
  }
})

test('a receiver is known by the name that the configuration gives it', async (t) => {
  const receiver = await listen(t, await ours.issue(['logs.example.com']))
  const { send, until } = sending(t, receiver, { serverName: 'logs.example.com' })
  await send('a')
  await until(() => receiver.events.length === 1)
  assert.equal(receiver.sockets[0]?.servername, 'logs.example.com')
})

test('a receiver that asks for a certificate gets it, and refuses without one', async (t) => {
  const mutual = { ca: ours.cert, requestCert: true, rejectUnauthorized: true }
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const receiver = await listen(t, { ...mutual, maxVersion })
    const client = await ours.issueClient({ name: 'gateway' })
    const context = createSecureContext({ ca: ours.cert, ...client })
    const known = sending(t, receiver, { context })
    await known.send('a')
    await known.until(() => receiver.events.length === 1)
    // With TLS 1.3 the refusal comes after the handshake: what was sent meanwhile is not taken.
    const unknown = sending(t, receiver)
    await assert.rejects(unknown.send('b').then(({ taken }) => taken))
    assert.deepEqual(receiver.events, ['a'])
  }
})

test('a receiver that never answers the handshake is given up after 15 s', async (t) => {
  const receiver = await listen(t)
  const { createServer: createPlain } = await import('node:net')
  const mute = createPlain().listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const sockets: Socket[] = []
  mute.on('connection', (socket) => void sockets.push(socket.on('error', () => undefined)))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    mute.close()
  })
  const { port } = mute.address() as AddressInfo
  const { send, until, clock } = sending(t, { ...receiver, port })
  const startMs = clock.now()
  let why = ''
  void send('a').catch((error: Error) => (why = error.message))
  await until(() => sockets.length === 1)
  await until(() => why !== '', 1_000)
  assert.match(why, /did not answer in time/)
  assert.ok(clock.now() - startMs >= 15_000)
})
