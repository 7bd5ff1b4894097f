import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { endianness } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import { createLostHosts } from './lost-host.ts'
import { spellingsOf, tcpEndpointsOf } from './proc-tcp.ts'

/** What the kernel says of a connection at one look. */
interface Said {
  /** 1: bytes are sent again; 4: questions about a window of 0. */
  readonly timer: 0 | 1 | 4
  readonly retransmits?: number
  readonly probes?: number
  readonly unacknowledged?: number
  /** In hundredths of a second. */
  readonly timeout?: number
}

const lookIntervalMs = 20
/** More than the timeouts of the looks below. */
const long = 12_000
const gone: readonly Said[] = [6, 7, 8, 8, 9].map((retransmits) => ({
  timer: 1,
  retransmits,
  timeout: long,
}))
const options = { skip: endianness() === 'LE' ? false : 'written for LE' }

describe('a host', options, () => {
  test('that answers nothing of what is sent again at five looks is gone', async (t) => {
    const { looks, lost } = await play(t, gone)
    assert.equal((await lost)?.code, 'ETIMEDOUT')
    assert.equal(looks(), gone.length)
  })

  test('that answers no question about its window is gone too', async (t) => {
    const asked = [1, 2, 3, 3, 4].map((probes) => ({ timer: 4, probes }) as const)
    assert.equal((await (await play(t, asked)).lost)?.code, 'ETIMEDOUT')
  })

  const alive: Readonly<Record<string, readonly Said[]>> = {
    'acknowledges something between two looks': gone.with(3, { timer: 1, retransmits: 2 }),
    'acknowledges something at the last one': [
      ...gone.slice(0, -1),
      { timer: 1, retransmits: 7, timeout: long },
    ],
    'lets bytes be sent again at each look, and answers in between': Array.from(
      { length: 12 },
      () => ({
        timer: 1,
        retransmits: 3,
        timeout: 1,
      }),
    ),
    'has a reader that has stopped': Array.from({ length: 12 }, () => ({
      timer: 4,
      probes: 0,
      unacknowledged: 4_096,
    })),
    'has lost one question about its window': Array.from({ length: 12 }, () => ({
      timer: 4,
      probes: 1,
    })),
    'takes its time to acknowledge': Array.from({ length: 12 }, () => ({ timer: 1 })),
  }
  for (const [what, said] of Object.entries(alive)) {
    test(`that ${what} is there`, async (t) => {
      assert.equal(await (await play(t, said)).lost, undefined)
    })
  }

  test('that says something is there, whatever is sent again', async (t) => {
    const { lost } = await play(t, [...gone, ...gone], (peer) => peer.write('.'))
    assert.equal(await lost, undefined)
  })

  test('that has everything is not asked about until more is sent', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const { looks, socket, lost } = await play(t, [{ timer: 0, unacknowledged: 0 }, ...gone])
    await lookTimes(t, 10)
    assert.equal(looks(), 1)
    socket.write('more')
    await lookTimes(t, gone.length)
    assert.equal((await lost)?.code, 'ETIMEDOUT')
  })
})

async function lookTimes(t: TestContext, times: number): Promise<void> {
  for (let look = 0; look < times; look += 1) {
    t.mock.timers.tick(lookIntervalMs)
    await nextTurn()
  }
}

interface Played {
  /** Our socket, and the one it is connected to. */
  readonly socket: Socket
  readonly peer: Socket
  /** Resolves when the host counts as gone; to undefined when it does not, all having been said. */
  readonly lost: Promise<NodeJS.ErrnoException | undefined>
  /** How often the tables have been read. */
  looks(): number
}

/** A connection that has sent something, and a kernel that says of it what is given, look by look. */
async function play(
  t: TestContext,
  said: readonly Said[],
  onLook: (peer: Socket) => void = () => undefined,
): Promise<Played> {
  const [socket, peer] = await openPair(t)
  socket.resume().write('some')
  // Its last word does not put the verdict off by a look.
  peer.write('something')
  await once(socket, 'data')
  const { promise: lost, resolve } = Promise.withResolvers<NodeJS.ErrnoException | undefined>()
  let looks = 0
  const readTables = (): Promise<readonly string[]> => {
    onLook(peer)
    const next = said[looks]
    looks += 1
    if (next === undefined) resolve(undefined)
    return Promise.resolve(next === undefined ? [] : [heading, heading + rowOf(socket, next)])
  }
  const stop = createLostHosts({ lookIntervalMs, readTables }).watch(socket, (error) => {
    stop()
    resolve(error)
  })
  t.after(stop)
  return { socket, peer, lost, looks: () => looks }
}

/** Two addresses, as those of two machines are. */
async function openPair(t: TestContext): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.2')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.2', localAddress: '127.0.0.1' })
  const [[peer]] = await Promise.all([accepted, once(socket, 'connect')])
  t.after(() => {
    socket.destroy()
    peer.destroy()
    server.close()
  })
  return [socket, peer.on('error', () => undefined)]
}

const heading =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'

/** As the kernel writes it, before the row of another; the first one stands right behind the heading. */
function rowOf(socket: Socket, said: Said): string {
  const { timer, retransmits = 0, probes = 0, unacknowledged = 4, timeout = 20 } = said
  const endpoints = tcpEndpointsOf(socket)
  assert.ok(endpoints)
  const [local] = spellingsOf(endpoints.localAddress, endpoints.localPort)
  const [remote] = spellingsOf(endpoints.remoteAddress, endpoints.remotePort)
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0')
  const other = `   0: 0100007F:0001 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0 100 0 0 10 0\n`
  return `10001: ${local} ${remote} 01 ${hex(unacknowledged)}:00000000 0${timer}:00000012 ${hex(retransmits)}  1000 ${String(probes).padStart(8)} 4711 2 0000000000000000 ${timeout} 4 30 1 7\n${other}`
}
