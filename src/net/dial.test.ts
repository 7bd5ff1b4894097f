import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, Socket, type AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PeerError, UpstreamError } from '../errors.ts'
import { createFakeClock } from '../fake-clock.ts'
import { isRefusalKnown } from './runtime.ts'
import { dial, type DialOptions, type LookUpAll } from './dial.ts'

const refused = isRefusalKnown
  ? 'refused the connection'
  : 'refused the connection, or cannot be reached from here'

/** A name's addresses and what becomes of each, at times that the test sets. */
function createNetwork(addresses: readonly string[]) {
  const clock = createFakeClock()
  const startMs = clock.now()
  const attempts: { readonly address: string; readonly atMs: number; readonly socket: Socket }[] =
    []
  const lookup: LookUpAll = (_host, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  const connect = (({ host }: { host: string }) => {
    const socket = new Socket()
    attempts.push({ address: host, atMs: clock.now() - startMs, socket })
    return socket
  }) as unknown as NonNullable<DialOptions['connect']>
  const socketOf = (address: string): Socket => {
    const found = attempts.find((attempt) => attempt.address === address)
    assert.ok(found, `"${address}" was not tried`)
    return found.socket
  }
  return {
    clock,
    attempts,
    socketOf,
    dial: (options: DialOptions = {}) =>
      dial({ host: 'db.test', port: 5432 }, { lookup, connect, clock, ...options }),
    tried: () => attempts.map(({ address, atMs }) => `${address} at ${atMs}`),
    async answer(address: string) {
      socketOf(address).emit('connect')
      await nextTurn()
    },
    async fail(address: string, code: string) {
      socketOf(address).destroy(Object.assign(new Error(code), { code }))
      await nextTurn()
    },
    async advance(durationMs: number) {
      await nextTurn()
      clock.advance(durationMs)
      await nextTurn()
    },
  }
}

async function failureOf(dialled: Promise<Socket>): Promise<UpstreamError> {
  const error: unknown = await dialled.then(
    () => assert.fail('connected'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof UpstreamError)
  assert.equal(error.code, 'upstream-unreachable')
  return error
}

describe('the addresses of a name', () => {
  test('are tried 250 ms apart, the families in turn, the preferred one first', async () => {
    const network = createNetwork(['2001:db8::1', '2001:db8::2', '192.0.2.1', '192.0.2.2'])
    const dialled = failureOf(network.dial())
    await network.advance(1_000)
    assert.deepEqual(network.tried(), [
      '2001:db8::1 at 0',
      '192.0.2.1 at 250',
      '2001:db8::2 at 500',
      '192.0.2.2 at 750',
    ])
    await network.advance(9_000)
    await dialled
  })

  test('keep their attempt while others are tried: a slow one wins over dead ones', async () => {
    const network = createNetwork(['192.0.2.1', '2001:db8::1'])
    const dialled = network.dial()
    await nextTurn()
    await network.advance(600)
    assert.equal(network.socketOf('192.0.2.1').destroyed, false)
    await network.answer('192.0.2.1')
    assert.equal(await dialled, network.socketOf('192.0.2.1'))
    assert.equal(network.socketOf('2001:db8::1').destroyed, true)
    assert.equal(network.clock.pending, 0)
  })

  test('are tried at once when another has failed', async () => {
    const network = createNetwork(['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    const dialled = network.dial()
    await nextTurn()
    await network.advance(100)
    await network.fail('192.0.2.1', 'ECONNREFUSED')
    // The delay counts anew from the second.
    await network.advance(249)
    assert.deepEqual(network.tried(), ['192.0.2.1 at 0', '192.0.2.2 at 100'])
    await network.advance(1)
    assert.equal(network.tried()[2], '192.0.2.3 at 350')
    await network.answer('192.0.2.3')
    assert.equal(await dialled, network.socketOf('192.0.2.3'))
    assert.equal(network.socketOf('192.0.2.2').destroyed, true)
  })

  test('have one winner where two answer in the same breath', async () => {
    const network = createNetwork(['192.0.2.1', '192.0.2.2'])
    const dialled = network.dial()
    await nextTurn()
    await network.advance(250)
    network.socketOf('192.0.2.2').emit('connect')
    network.socketOf('192.0.2.1').emit('connect')
    assert.equal(await dialled, network.socketOf('192.0.2.2'))
    assert.equal(network.socketOf('192.0.2.1').destroyed, true)
    assert.equal(network.socketOf('192.0.2.2').destroyed, false)
  })

  test('are named by the error with what each said', async () => {
    const network = createNetwork(['192.0.2.1', '2001:db8::1', '192.0.2.2'])
    const failed = failureOf(network.dial())
    await nextTurn()
    await network.fail('192.0.2.1', 'ECONNREFUSED')
    await network.fail('2001:db8::1', 'ENETUNREACH')
    await network.advance(10_000)
    const { message, cause } = await failed
    assert.equal(
      message,
      `"db.test:5432" cannot be reached: 192.0.2.1 ${refused}; 2001:db8::1 cannot be reached from here; 192.0.2.2 did not answer in time`,
    )
    assert.ok(cause instanceof AggregateError)
    assert.equal(cause.errors.length, 3)
    assert.equal(network.socketOf('192.0.2.2').destroyed, true)
    assert.equal(network.clock.pending, 0)
  })

  test('are listed behind one sentence where all say the same', async () => {
    const network = createNetwork(['192.0.2.1', '192.0.2.2'])
    const failed = failureOf(network.dial())
    await nextTurn()
    await network.fail('192.0.2.1', 'ECONNREFUSED')
    await network.fail('192.0.2.2', 'ECONNREFUSED')
    const { message } = await failed
    assert.equal(message, `"db.test:5432" ${refused} (192.0.2.1, 192.0.2.2)`)
  })

  test('beyond 64 are left out, and beyond 8 not named', async () => {
    const network = createNetwork(Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`))
    const failed = failureOf(network.dial({ timeoutMs: 60_000 }))
    await network.advance(60_000)
    const { message } = await failed
    assert.equal(network.attempts.length, 64)
    assert.match(message, /\(192\.0\.2\.0, .*192\.0\.2\.7 and 56 more\)$/)
  })

  test('that may not be used are never connected to', async () => {
    const network = createNetwork(['169.254.169.254', '192.0.2.1'])
    const allowAddress = (address: string): void => {
      if (address.startsWith('169.254.')) throw new PeerError('not-allowed', 'is not allowed')
    }
    const failed = failureOf(network.dial({ allowAddress }))
    await nextTurn()
    assert.deepEqual(network.tried(), ['192.0.2.1 at 0'])
    await network.fail('192.0.2.1', 'ECONNREFUSED')
    const { message } = await failed
    assert.ok(message.endsWith(`169.254.169.254 is not allowed; 192.0.2.1 ${refused}`), message)
  })

  test('are given up by a signal, all at once', async () => {
    const network = createNetwork(['192.0.2.1', '192.0.2.2'])
    const gone = new AbortController()
    const failed = failureOf(network.dial({ signal: gone.signal }))
    await nextTurn()
    await network.advance(250)
    gone.abort(new Error('the client has gone'))
    await failed
    assert.ok(network.attempts.every(({ socket }) => socket.destroyed))
    assert.equal(network.clock.pending, 0)
  })
})

describe('a look-up', () => {
  test('that takes too long ends the dial, and its late answer connects to nothing', async () => {
    const network = createNetwork([])
    let answer: Parameters<LookUpAll>[2] | undefined
    const failed = failureOf(network.dial({ lookup: (_host, _options, done) => (answer = done) }))
    await network.advance(10_000)
    assert.equal((await failed).message, '"db.test:5432" did not answer in time')
    answer?.(null, [{ address: '192.0.2.1', family: 4 }])
    await nextTurn()
    assert.deepEqual(network.tried(), [])
  })

  test('that finds nothing says so', async () => {
    const network = createNetwork([])
    const error = Object.assign(new Error('no'), { code: 'ENOTFOUND' })
    const failed = failureOf(network.dial({ lookup: (_host, _options, done) => done(error, []) }))
    const { message, cause } = await failed
    assert.equal(message, '"db.test:5432" has a name that does not resolve')
    assert.equal(cause, error)
  })

  test('is not begun for somebody who has gone', async () => {
    const network = createNetwork([])
    const lookup = (): void => assert.fail('looked up')
    await failureOf(network.dial({ lookup, signal: AbortSignal.abort() }))
  })
})

test('dials a name whose first address is dead on a real network', async (t) => {
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const lookup: LookUpAll = (_host, _options, done) =>
    done(null, [
      // Nobody listens there.
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ])
  const socket = await dial({ host: 'db.test', port }, { lookup })
  t.after(() => socket.destroy())
  assert.equal(socket.allowHalfOpen, true)
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  assert.equal(bytes.toString(), 'hello')
})

test('a literal address that refuses is named once', async () => {
  const { message } = await failureOf(dial({ host: '127.0.0.1', port: 1 }))
  assert.equal(message, `"127.0.0.1:1" ${refused}`)
})
