import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exitCodes } from '../../src/cli/process/exit-codes.ts'
import { namedTunnel } from './connector-rig.ts'
import { gatewayHost, servicePort, startNetworkRig, type NetworkRig } from './network-rig.ts'
import { peerTest } from './peers.ts'
import type { NetworkMachine } from './peers/firewalled-network.ts'
import { startSquid, type Squid } from './peers/squid.ts'
import { exchange, untilEnded } from './person.ts'
import { allRegistered } from './publisher.ts'
import type { Scope } from './scope.ts'
import { sha256 } from './services.ts'
import { takeAll } from './take-all.ts'

const needed = ['network namespaces', 'nftables', 'Squid'] as const

peerTest(
  'a connector that reaches nothing but its service and the gateway, or a proxy, serves whom the policy lets in',
  needed,
  async (scope) => {
    const stage = await startNetworkRig(scope)
    const gateway = await stage.startGateway()
    await closeFirewall(stage)

    const direct = stage.startConnector()
    await allRegistered(direct)
    const client = await stage.startClient(stage.machines.client)
    await carries(client)
    await refusesStranger(stage)
    direct.signal('SIGTERM')
    await direct.ended

    const squid = await putProxyBetween(scope, stage)
    const proxied = stage.startConnector('--proxy', `http://${squid.address}`)
    await allRegistered(proxied)
    await carries(client)
    gateway.signal('SIGKILL')
    await stage.startGateway()
    await proxied.says(/(?:Registered tunnel connection [^]*){8}/)
    await carries(client)
    await proxiesAlone(squid)
  },
)

peerTest(
  'behind a firewall that lets a proxy out alone, a tunnel is run by its name, and its doctor finds the way',
  needed,
  async (scope) => {
    const stage = await startNetworkRig(scope)
    await stage.startGateway()
    const squid = await putProxyBetween(scope, stage)
    const proxy = `http://${squid.address}`
    const { publisher, machines, startTunnel } = stage
    const url = ['--url', `tcp://${machines.service.address}:${servicePort}`]

    const examine = ['doctor', '--token-file', publisher.tokenFile, ...url]
    const [lost, found] = [startTunnel(examine), startTunnel([...examine, '--proxy', proxy])]
    assert.equal(await lost.ended, exitCodes.gateway)
    assert.match(lost.output(), new RegExp(`^FAILED  tcp +${machines.gateway.address}:443 `, 'm'))
    assert.equal(await found.ended, exitCodes.ok, found.output())
    assert.match(found.output(), new RegExp(`^ok  proxy +${squid.address} `, 'm'))
    assert.doesNotMatch(found.output(), /FAILED/)

    // Its credential is asked for by name, and by the way that programs are told of.
    const files = join(publisher.home, '.postern')
    for (const name of await readdir(files)) if (name.endsWith('.json')) await rm(join(files, name))
    const connector = startTunnel(['run', ...url, namedTunnel], { HTTPS_PROXY: proxy })
    await allRegistered(connector)
    await carries(await stage.startClient(machines.client))
    connector.signal('SIGTERM')
    assert.equal(await connector.ended, exitCodes.ok)
    await proxiesAlone(squid)
  },
)

/** It was asked for the gateway, and for nothing else. */
async function proxiesAlone(squid: Squid): Promise<void> {
  const connects = await squid.connects()
  assert.deepEqual(new Set(connects.map(({ target }) => target)), new Set([`${gatewayHost}:443`]))
}

/** The network is in nobody's way, and only then the firewall is. */
async function closeFirewall({ machines, flows, permit }: NetworkRig): Promise<void> {
  const { client, gateway, connector, service, elsewhere } = machines
  await Promise.all([listenOn(elsewhere, 443), listenOn(gateway, 22)])
  const forbidden: [NetworkMachine, NetworkMachine, number][] = [
    [connector, elsewhere, 443],
    [connector, gateway, 22],
    [client, service, servicePort],
    [gateway, service, servicePort],
    [elsewhere, service, servicePort],
  ]
  const reached = (): Promise<boolean[]> =>
    Promise.all(forbidden.map(([from, to, port]) => from.reaches(to.address, port)))
  assert.deepEqual(await reached(), [true, true, true, true, true])
  await permit([...Object.values(flows), { from: elsewhere, to: gateway, port: 443 }])
  assert.deepEqual(await reached(), [false, false, false, false, false])
}

/** Bytes go both ways, and the end of one direction leaves the other open. */
async function carries(client: Awaited<ReturnType<NetworkRig['startClient']>>): Promise<void> {
  const way = await client.connect()
  assert.equal(await exchange(way, 'hello'), 'hello')
  const payload = randomBytes(2 * 1024 * 1024)
  const echoed = takeAll(way)
  way.end(payload)
  assert.equal(sha256(await echoed), sha256(payload))
}

/** Somebody at another address than the policy names. */
async function refusesStranger({ machines, startClient }: NetworkRig): Promise<void> {
  const stranger = await startClient(machines.elsewhere)
  await untilEnded(await stranger.connect())
  await stranger.child.says(/ERR access: you may not use this route\n {2}hint: /)
}

/** A proxy on the Internet is the one way out of the connector's machine from now on. */
async function putProxyBetween(scope: Scope, { machines, flows, permit }: NetworkRig) {
  const { gateway, connector, elsewhere } = machines
  const squid = await startSquid(scope, { allowedPort: 443, machine: elsewhere })
  await permit([
    flows.clientToGateway,
    flows.connectorToService,
    { from: connector, to: elsewhere, port: Number(squid.address.split(':')[1]) },
    { from: elsewhere, to: gateway, port: 443 },
  ])
  assert.equal(await connector.reaches(gateway.address, 443), false)
  return squid
}

async function listenOn(machine: NetworkMachine, port: number): Promise<void> {
  const script = `require('node:net').createServer((socket) => socket.destroy())
    .listen(${port}, () => console.log('ready'))`
  await machine.start(process.execPath, ['-e', script]).says(/ready/)
}
