import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodeRefusal } from '../../tunnel/refusal.ts'
import {
  basic,
  connectHead,
  established,
  openProxy,
  password,
  readAll,
  readBytes,
  socksPassword,
  socksRequest,
  socksSuccess,
} from './local-proxy.fixture.ts'
import { startLocalProxy } from './local-proxy.ts'

const wishes = {
  http: { wish: Buffer.from(connectHead('db.corp:5432')), success: Buffer.from(established) },
  socks: {
    wish: Buffer.concat([socksPassword, socksRequest('db.corp', 5432)]),
    success: socksSuccess,
  },
}

describe('a program reaches a route by its name', () => {
  for (const [protocol, { wish, success }] of Object.entries(wishes)) {
    test(`by ${protocol}, with what it sends ahead of the answer`, async (t) => {
      const { connect, asked, told, events } = await openProxy(t)
      const socket = await connect()
      socket.end(Buffer.concat([wish, Buffer.from('early words')]))
      const answer = await readAll(socket)
      assert.equal(answer.toString('latin1'), `${success.toString('latin1')}early words`)
      assert.deepEqual(asked(), ['db.corp:5432'])
      const ended = await told('ended')
      assert.ok(ended.kind === 'ended')
      const { connection, ended: end } = ended
      assert.deepEqual(
        [connection.id, connection.authority, connection.bytes, end.cause],
        [1, 'db.corp:5432', { up: 11, down: 11 }, 'client-closed'],
      )
      assert.deepEqual(
        events.map(({ kind }) => kind),
        ['began', 'connected', 'ended'],
      )
    })

    test(`by ${protocol}, in whichever pieces its words come`, async (t) => {
      const { connect, asked } = await openProxy(t)
      const whole = Buffer.concat([wish, Buffer.from('early words')])
      const cuts = fc.uniqueArray(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 5 })
      let runs = 0
      await fc.assert(
        fc.asyncProperty(cuts, async (found) => {
          runs += 1
          const socket = await connect()
          const answer = readAll(socket)
          await sendInPieces(socket, whole, found)
          assert.equal(
            (await answer).toString('latin1'),
            `${success.toString('latin1')}early words`,
          )
          socket.destroy()
        }),
        { numRuns: 40 },
      )
      assert.deepEqual(asked(), Array<string>(runs).fill('db.corp:5432'))
    })

    test(`by ${protocol}, byte by byte`, async (t) => {
      const { connect } = await openProxy(t)
      const socket = await connect()
      const answer = readAll(socket)
      await sendInPieces(
        socket,
        wish,
        Array.from({ length: wish.length - 1 }, (_, at) => at + 1),
      )
      assert.equal((await answer).toString('latin1'), success.toString('latin1'))
    })

    test(`by ${protocol}, and hears of it only when the tunnel is open`, async (t) => {
      const { promise: opened, resolve: open } = Promise.withResolvers<undefined>()
      const { connect, events, told } = await openProxy(t, {
        wrap: (client) => ({
          ...client,
          open: async (...wish) => {
            await opened
            return client.open(...wish)
          },
        }),
      })
      const socket = await connect()
      const answer = readAll(socket)
      socket.write(wish)
      await told('began')
      assert.ok(!events.some(({ kind }) => kind === 'connected'))
      assert.ok(socket.bytesRead < success.length, 'nothing of the success was said')
      open(undefined)
      await told('connected')
      socket.end()
      assert.equal((await answer).toString('latin1'), success.toString('latin1'))
    })

    test(`by ${protocol}, and one that leaves while it waits is given up`, async (t) => {
      const { connect, told, gateway } = await openProxy(t, {
        gateway: { connect: () => 'silence' },
      })
      const socket = await connect()
      socket.write(wish)
      while (gateway.connects.length === 0) await new Promise(setImmediate)
      socket.resetAndDestroy()
      const { kind, ...rest } = await told('given-up')
      assert.deepEqual([kind, 'why' in rest && rest.why], ['given-up', 'left'])
    })
  }

  test('an address is what it is, and nothing is looked up', async (t) => {
    const { connect, asked } = await openProxy(t)
    const addresses = ['10.0.0.7:22', '[::1]:22', 'LOCALHOST:22', 'a_b.corp.:22']
    for (const authority of addresses) {
      const socket = await connect()
      socket.end(connectHead(authority))
      assert.equal((await readAll(socket)).toString(), established)
    }
    const six = Buffer.concat([
      Buffer.from([5, 1, 0, 4]),
      Buffer.alloc(15),
      Buffer.from([1, 0, 22]),
    ])
    const socket = await connect()
    socket.end(Buffer.concat([socksPassword, six]))
    assert.deepEqual(await readAll(socket), socksSuccess)
    assert.deepEqual(asked(), [
      '10.0.0.7:22',
      '[::1]:22',
      'localhost:22',
      'a_b.corp:22',
      '[::1]:22',
    ])
  })

  test('a socket of its own wants no password, and takes any', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'postern-'))
    t.after(() => rm(directory, { recursive: true }))
    const path = join(directory, 'proxy')
    const { connect } = await openProxy(t, {
      listen: { kind: 'unix', path },
      password: undefined,
    })
    const request = socksRequest('db.corp', 22)
    const success = socksSuccess.subarray(4)
    const wishes: [Buffer | string, string][] = [
      [connectHead('db.corp:22', ''), established],
      [connectHead('db.corp:22', 'Basic eDp5'), established],
      [Buffer.concat([Buffer.from([5, 2, 0, 2]), request]), `\x05\0${success.toString('latin1')}`],
      [Buffer.concat([socksPassword, request]), socksSuccess.toString('latin1')],
    ]
    for (const [wish, answer] of wishes) {
      const socket = await connect()
      socket.end(wish)
      assert.equal((await readAll(socket)).toString('latin1'), answer)
    }
  })
})

describe('a refusal is told in the words of each protocol', () => {
  const said = {
    code: 'policy_denied',
    message: 'ask “dba”',
    next: 'ask the group',
    requestId: 'r7',
  }
  const cases = [
    [403, encodeRefusal({ ...said, page: 'https://g.corp/r7' }), 403, 2],
    [404, '', 404, 4],
    [450, '', 403, 2],
    [495, '', 403, 2],
    [503, '', 502, 4],
    [503, encodeRefusal({ ...said, code: 'gateway_leaving' }), 503, 1],
    [418, '', 502, 1],
  ] as const
  for (const [status, body, http, socks] of cases) {
    test(`${status} of the gateway${body === '' ? '' : ', with its words,'} is ${http} and ${socks}`, async (t) => {
      const { connect, told } = await openProxy(t, {
        gateway: { connect: () => ({ status, body, headers: { 'x-request-id': 'r7' } }) },
      })
      const byHttp = await connect()
      byHttp.write(wishes.http.wish)
      const answer = (await readAll(byHttp)).toString()
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${http} `))
      assert.match(answer, /\r\nContent-Type: text\/plain; charset=utf-8\r\n/)
      if (status === 403) {
        assert.match(answer, /^HTTP\/1\.1 403 ask \?dba\?\r\n/, 'a line of ASCII')
        const page = 'see https://g.corp/r7'
        assert.ok(
          answer.endsWith(`\r\n\r\nask “dba”\nhint: ask the group\n${page}\nrequest id: r7\n`),
        )
      }
      const bySocks = await connect()
      bySocks.write(wishes.socks.wish)
      const reply = [...(await readAll(bySocks))]
      assert.deepEqual(reply, [5, 2, 1, 0, 5, socks, 0, 1, 0, 0, 0, 0, 0, 0])
      await told('failed')
    })
  }

  test('a gateway that cannot be reached is a bad gateway, and a network that is away', async (t) => {
    const { connect, gateway, told } = await openProxy(t)
    await gateway[Symbol.asyncDispose]()
    gateway[Symbol.asyncDispose] = () => Promise.resolve()
    const byHttp = await connect()
    byHttp.write(wishes.http.wish)
    assert.match((await readAll(byHttp)).toString(), /^HTTP\/1\.1 502 the gateway .*\r\n/)
    const bySocks = await connect()
    bySocks.write(wishes.socks.wish)
    assert.equal((await readAll(bySocks))[5], 3)
    const failed = await told('failed')
    assert.ok(failed.kind === 'failed' && failed.error instanceof Error)
  })

  test('what we did wrong ourselves is not told to a program', async (t) => {
    const { connect } = await openProxy(t, {
      wrap: (client) => ({
        ...client,
        open: () => Promise.reject(new TypeError('secret of ours')),
      }),
    })
    const socket = await connect()
    socket.write(wishes.http.wish)
    const answer = (await readAll(socket)).toString()
    assert.match(answer, /^HTTP\/1\.1 500 the local proxy failed\r\n/)
    assert.doesNotMatch(answer, /secret/)
  })
})

test('closing cuts what is under way, and what waits for its words', async (t) => {
  const { connect, told, proxy, events } = await openProxy(t)
  const [open, silent] = [await connect(), await connect()]
  open.write(wishes.http.wish)
  await told('connected')
  const gone = Promise.all([readAll(open), readAll(silent)])
  await proxy.close(0)
  await gone
  const last = events.at(-1)
  assert.ok(last?.kind === 'ended' && last.error === undefined)
  assert.ok(!events.some(({ kind }) => kind === 'turned-away'))
})

test('it listens on this machine alone, and at a port never without a password', async () => {
  const options = {
    client: { open: () => Promise.reject(new Error()), learnFate: () => Promise.resolve({}) },
    report: () => undefined,
  }
  for (const host of [undefined, '0.0.0.0', '192.0.2.1', '::']) {
    const listen = { kind: 'tcp', host, port: 0 } as const
    await assert.rejects(startLocalProxy({ ...options, listen, password }), {
      code: 'proxy-open-to-others',
    })
  }
  const listen = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  await assert.rejects(startLocalProxy({ ...options, listen, password: undefined }), /password/)
})

test('bytes of every size come through whole', async (t) => {
  const { connect } = await openProxy(t)
  const socket = await connect()
  socket.write(connectHead('db.corp:5432', basic))
  assert.equal((await readBytes(socket, established.length)).toString(), established)
  const sent = Buffer.alloc(3_000_017, 'postern')
  const back = readAll(socket)
  socket.end(sent)
  assert.ok((await back).equals(sent))
})

/** Each piece is on its way before the next is written. */
async function sendInPieces(socket: Socket, whole: Buffer, cuts: readonly number[]): Promise<void> {
  const bounds = [0, ...[...cuts].sort((one, other) => one - other), whole.length]
  for (const [index, start] of bounds.slice(0, -1).entries()) {
    socket.write(whole.subarray(start, bounds[index + 1]))
    await new Promise(setImmediate)
  }
  socket.end()
}
