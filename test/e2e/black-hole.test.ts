import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { inTime, type Child } from './child.ts'
import { startNetworkRig, type NetworkClient } from './network-rig.ts'
import { peerTest, program } from './peers.ts'
import type { NetworkMachine } from './peers/firewalled-network.ts'
import { exchange, untilEnded } from './person.ts'
import { allRegistered, connectionCount } from './publisher.ts'

const needed = ['network namespaces', 'nftables'] as const
/** How much later than promised a busy machine may be. */
const patienceMs = 4_000
const promisedMs = { noticed: 10_000, newConnection: 2_000, replaced: 1_000, back: 5_000 } as const
const streamsOfEach = 2
// POSTERN_LONG_TESTS=1 asks for what takes minutes.
const isLong = process.env['POSTERN_LONG_TESTS'] === '1'
const outageMs = isLong ? 60_000 : 12_000

peerTest(
  'a connection whose packets are lost takes its own streams with it, and an outage of all is over with it',
  needed,
  async (scope) => {
    const stage = await startNetworkRig(scope, { gateway: 4 })
    const { machines, swallow } = stage
    const [dead = '', ...alive] = machines.gateway.addresses
    await stage.swallowAddress(dead)
    const gateway = await stage.startGateway()
    const connector = stage.startConnector()
    await allRegistered(connector)
    const used = [...connector.errors().matchAll(/ ip=(\S+) /g)].map(([, ip]) => ip)
    assert.deepEqual(new Set(used), new Set(alive), 'not spread over the addresses that answer')
    const client = await stage.startClient(machines.client)

    const streams = await openAll(client)
    const [first = 0, second = 0] = await portsToGateway(machines.connector)
    await swallow(first)
    const over = new AbortController()
    const probing = probe(client, over.signal)
    await within(promisedMs.noticed, [
      connector.says(/lost connection connIndex=\d: the gateway says nothing/),
      // The log of a gateway is in the order of its fields.
      gateway.says(/"why":"lost".*"message":"connection of a connector ended"/),
      registeredTimes(connector, 1),
    ])
    over.abort()
    const slowestMs = Math.max(...(await probing))
    assert.ok(slowestMs < promisedMs.newConnection + patienceMs, `waited for ${slowestMs} ms`)
    const others = await withoutOwn(streams)

    // The connector knows at once, and the gateway does not.
    await swallow(second)
    await machines.connector.shell(`ss --kill --tcp sport = :${second} >/dev/null`)
    await within(promisedMs.replaced, [
      connector.says(/lost connection connIndex=\d: (?!the gateway says nothing)/),
      gateway.says(/"why":"replaced".*"message":"connection of a connector ended"/),
      registeredTimes(connector, 2),
    ])
    await withoutOwn(others)

    const { connectorToGateway, ...rest } = stage.flows
    await stage.permit(Object.values(rest))
    const before = linesOf(connector)
    await wait(outageMs)
    await stage.permit([connectorToGateway, ...Object.values(rest)])
    await within(promisedMs.back, [registeredTimes(connector, 2 + connectionCount)])
    const said = linesOf(connector).slice(before.length)
    assert.equal(said.filter((line) => / lost connection /.test(line)).length, connectionCount)
    assert.equal(said.filter((line) => / Registered /.test(line)).length, connectionCount)
    // An attempt has 10 s: one that a short outage has begun is made in the end.
    const failures = said.filter((line) => / cannot connect: /.test(line)).length
    assert.equal(failures, isLong ? 1 : 0)
    assert.equal(said.length, 2 * connectionCount + failures, said.join('\n'))
    ;(await opened(client)).destroy()
  },
)

/** What it has said, without the hints. */
function linesOf(connector: Child): string[] {
  return connector
    .errors()
    .split('\n')
    .filter((line) => /^\S+ [A-Z]{3} /.test(line))
}

/** As many on each connection, since the least busy one is used. */
async function openAll(client: NetworkClient): Promise<Socket[]> {
  const streams: Socket[] = []
  while (streams.length < streamsOfEach * connectionCount) streams.push(await opened(client))
  return streams
}

/** Resolves to the others, which go on, once the streams of one connection have ended. */
async function withoutOwn(streams: readonly Socket[]): Promise<Socket[]> {
  const left = new Set(streams)
  const gone = Promise.withResolvers<void>()
  for (const stream of streams) {
    void untilEnded(stream).then(
      () => {
        left.delete(stream)
        if (left.size === streams.length - streamsOfEach) gone.resolve()
      },
      () => undefined,
    )
  }
  await inTime(gone.promise, () => `${streams.length - left.size} streams have ended`, patienceMs)
  for (const stream of left) assert.equal(await exchange(stream, 'still here'), 'still here')
  return [...left]
}

/** New connections, ten each second; resolves to how long each has taken until it carried something. */
async function probe(client: NetworkClient, signal: AbortSignal): Promise<number[]> {
  const all: Promise<number>[] = []
  for (; !signal.aborted; await wait(100)) {
    const sinceMs = performance.now()
    all.push(
      opened(client).then((socket) => {
        socket.destroy()
        return performance.now() - sinceMs
      }),
    )
  }
  return Promise.all(all)
}

async function opened(client: NetworkClient): Promise<Socket> {
  const socket = await client.connect()
  assert.equal(await exchange(socket, 'hello'), 'hello')
  return socket
}

/** The local ports of the connections that a machine has to the gateway. */
async function portsToGateway(machine: NetworkMachine): Promise<number[]> {
  const child = machine.start(program('ss'), ['-Htn', 'state', 'established', 'dport', '=', ':443'])
  await child.ended
  const rows = child.output().matchAll(/^\s*\d+\s+\d+\s+\S+:(\d+)\s/gm)
  const ports = [...rows].map(([, port]) => Number(port))
  assert.equal(ports.length, connectionCount)
  return ports
}

/** Resolves once connections were registered so many times again. */
function registeredTimes(connector: Child, again: number): Promise<unknown> {
  const times = connectionCount + again
  return connector.says(new RegExp(`(?:Registered tunnel connection [^]*){${times}}`))
}

async function within(promised: number, all: readonly Promise<unknown>[]): Promise<void> {
  const sinceMs = performance.now()
  await Promise.all(all)
  const tookMs = performance.now() - sinceMs
  assert.ok(tookMs < promised + patienceMs, `took ${tookMs} ms`)
}
