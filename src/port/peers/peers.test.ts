import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { createTestPeers } from './peers.fixture.ts'
import type { PeersOptions } from './peers.ts'

interface TestSocket extends EventEmitter {
  readonly remotePort: number
  destroyed: boolean
}

let lastPort = 1_000

/** A connection as far as the register knows it; its `close` comes later, as that of a real one. */
function connection(): Socket & TestSocket {
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress: '192.0.2.1',
    remotePort: (lastPort += 1),
    localAddress: '192.0.2.2',
    localPort: 443,
    destroyed: false,
    destroy() {
      socket.destroyed = true
    },
  })
  return socket as unknown as Socket & TestSocket
}

function setup(options: Partial<PeersOptions> = {}) {
  const ended: string[] = []
  const clock = createFakeClock()
  const peers = createTestPeers({
    clock,
    report: (end, ip) => void ended.push(`${end} ${ip}`),
    ...options,
  })
  const begin = (ip: string) => {
    const socket = connection()
    const peer = peers.begin(socket)
    peer.from(ip)
    return { socket, peer }
  }
  return { peers, begin, ended, clock }
}

describe('connections without a tunnel', () => {
  test('beyond the limit of an address the oldest of this address goes', () => {
    const limits = { maxConnectionsPerAddress: 2, maxConnections: 0 }
    const { begin, ended } = setup({ limits })
    const other = begin('198.51.100.7')
    const [first, second, third] = [1, 2, 3].map(() => begin('203.0.113.7'))
    assert.deepEqual(ended, ['address-limit 203.0.113.7'])
    assert.deepEqual(
      [other, first, second, third].map((it) => it?.socket.destroyed),
      [false, true, false, false],
    )
  })

  test('one IPv6 network is one address', () => {
    const limits = { maxConnectionsPerAddress: 2, maxConnections: 0 }
    const { begin, ended } = setup({ limits })
    begin('2001:db8::1')
    begin('2001:db8::2:2')
    begin('2001:db8:0:1::1')
    assert.deepEqual(ended, [])
    begin('2001:db8::3')
    assert.deepEqual(ended, ['address-limit 2001:db8::1'])
  })

  test('beyond the limit in all goes who made no progress for the longest time', () => {
    const { begin, ended } = setup({ limits: { maxConnectionsPerAddress: 0, maxConnections: 2 } })
    const first = begin('203.0.113.1')
    begin('203.0.113.2')
    first.peer.progressed()
    begin('203.0.113.3')
    assert.deepEqual(ended, ['total-limit 203.0.113.2'])
  })

  test('those whose address is not known yet count in all', () => {
    const { peers, begin, ended } = setup({
      limits: { maxConnectionsPerAddress: 1, maxConnections: 2 },
    })
    const silent = connection()
    peers.begin(silent)
    begin('203.0.113.2')
    begin('203.0.113.3')
    assert.deepEqual(ended, ['total-limit '])
    assert.ok(silent.destroyed)
  })

  test('one with a tunnel counts no more, and counts again when it has none', () => {
    const { peers, begin, ended } = setup({
      limits: { maxConnectionsPerAddress: 1, maxConnections: 1 },
    })
    const busy = begin('203.0.113.1')
    const tunnels = [busy.peer.carryTunnel(), busy.peer.carryTunnel()]
    begin('203.0.113.1')
    assert.deepEqual(ended, [])
    assert.deepEqual(peers.count(), { withTunnel: 1, withoutTunnel: 1 })
    tunnels[0]?.[Symbol.dispose]()
    tunnels[0]?.[Symbol.dispose]()
    assert.deepEqual(ended, [])
    tunnels[1]?.[Symbol.dispose]()
    assert.deepEqual(ended, ['address-limit 203.0.113.1'])
    assert.equal(busy.socket.destroyed, false)
  })

  test('what is closed is forgotten', () => {
    const { peers, begin, ended } = setup({
      limits: { maxConnectionsPerAddress: 1, maxConnections: 1 },
    })
    for (let come = 0; come < 3; come += 1) begin('203.0.113.1').socket.emit('close')
    assert.deepEqual(ended, [])
    assert.deepEqual(peers.count(), { withTunnel: 0, withoutTunnel: 0 })
  })

  test('one that is closed takes what runs on it along at once', () => {
    const { begin, ended } = setup({ limits: { maxConnectionsPerAddress: 0, maxConnections: 1 } })
    let destroyed = 0
    begin('203.0.113.1').peer.destroyWith({ destroy: () => (destroyed += 1) })
    begin('203.0.113.2')
    assert.deepEqual(ended, ['total-limit 203.0.113.1'])
    assert.equal(destroyed, 1)
  })

  test('new limits hold for those who are there', () => {
    const { peers, begin, ended } = setup()
    for (let come = 0; come < 4; come += 1) begin('203.0.113.1')
    peers.replace({ maxConnectionsPerAddress: 3, maxConnections: 2 })
    assert.deepEqual(ended, ['address-limit 203.0.113.1', 'total-limit 203.0.113.1'])
  })

  test('a connection with the ports of one that is not known to be closed is another', () => {
    const { peers } = setup()
    const [old, next] = [connection(), connection()]
    Object.assign(next, { remotePort: old.remotePort })
    peers.begin(old).from('203.0.113.1')
    peers.begin(next).from('203.0.113.2')
    old.emit('close')
    const { remoteAddress, remotePort, localAddress, localPort } = next
    const wrapper = { remoteAddress, remotePort, localAddress, localPort }
    assert.equal(peers.of(wrapper as Socket)?.ip, '203.0.113.2')
  })
})

describe('near the limit of open files', () => {
  /** Descriptors as a process with this limit has them. */
  const descriptors = (limit: number, reserve: number) => ({
    reserve,
    free: (held: number) => limit - held,
    exhausted: () => undefined,
  })

  test('those without a tunnel go, and a reserve is kept for tunnels', () => {
    const { begin, ended } = setup({ descriptors: descriptors(40, 10) })
    const first = begin('203.0.113.1')
    const tunnel = first.peer.carryTunnel()
    for (let come = 0; come < 100; come += 1) begin('203.0.113.2')
    // 40 less 10, less the tunnel's two: 28 may wait.
    assert.equal(ended.length, 72)
    assert.equal(first.socket.destroyed, false)
    tunnel[Symbol.dispose]()
  })

  test('tunnels may use the reserve, and who waits makes room for them', () => {
    const { peers, begin } = setup({ descriptors: descriptors(40, 10) })
    const tunnels = []
    for (let come = 0; come < 19; come += 1) tunnels.push(begin('203.0.113.1').peer.carryTunnel())
    for (let come = 0; come < 10; come += 1) begin('203.0.113.2')
    assert.deepEqual(peers.count(), { withTunnel: 19, withoutTunnel: 1 })
    for (const tunnel of tunnels) tunnel[Symbol.dispose]()
  })
})
