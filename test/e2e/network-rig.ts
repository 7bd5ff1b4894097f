import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import {
  decodePublishCredential,
  encodePublishCredential,
} from '../../src/tunnel/publish-credential.ts'
import { decodeTunnelToken, encodeTunnelToken } from '../../src/tunnel/tunnel-credential.ts'
import type { Child } from './child.ts'
import { application, namedTunnel } from './connector-rig.ts'
import {
  layNetwork,
  type Flow,
  type Network,
  type NetworkMachine,
} from './peers/firewalled-network.ts'
import { publisherAt, siteFor, type Publisher } from './publisher.ts'
import { alice, posternCommand, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

const names = ['client', 'gateway', 'connector', 'service', 'elsewhere'] as const
type Name = (typeof names)[number]

export const gatewayHost = 'gw.site.com'
export const servicePort = 5432

/** Machines of their own for the client, the gateway, the connector and the service, and one on the Internet. */
export interface NetworkRig extends Pick<Network<Name>, 'permit' | 'swallow' | 'swallowAddress'> {
  readonly machines: Readonly<Record<Name, NetworkMachine>>
  readonly rig: GatewayRig
  readonly publisher: Publisher
  /** The least that has to pass. */
  readonly flows: {
    readonly clientToGateway: Flow
    readonly connectorToGateway: Flow
    readonly connectorToService: Flow
  }
  /** Starts the gateway on its machine. */
  startGateway(): Promise<Child>
  /** `postern tunnel run` on the connector's machine; it may not be connected yet. */
  startConnector(...options: string[]): Child
  /** `postern tunnel …` there, of whoever has published; `env` is added to what they have. */
  startTunnel(args: readonly string[], env?: Readonly<Record<string, string>>): Child
  /** `postern access tcp` on a machine. */
  startClient(machine: NetworkMachine): Promise<NetworkClient>
}

export interface NetworkClient {
  readonly child: Child
  connect(): Promise<Socket>
}

/** Everything is published, the service echoes, and no connector runs yet. Everything reaches everything. */
export async function startNetworkRig(
  scope: Scope,
  addressCounts: Partial<Record<Name, number>> = {},
): Promise<NetworkRig> {
  const [rig, network] = await Promise.all([
    startRig(scope, [], await siteFor(scope, 'site.com', alice)),
    layNetwork(scope, {
      names,
      addressCounts,
      hosts: ({ gateway }) => gateway.map((address) => `${address} ${gatewayHost}`).join('\n'),
    }),
  ])
  const { client, gateway, connector, service } = network.machines
  const publisher = await publisherAt(scope, rig, alice, namedTunnel)
  await Promise.all([
    rig.stop(),
    startEcho(service),
    moveToken(publisher.tokenFile),
    moveCredential(publisher.home),
  ])
  await rig.configure((file) => ({
    ...file,
    address: ':443',
    authenticate_service_url: `https://${gatewayHost}`,
    ...accessFrom(client),
  }))
  const startGateway = async (): Promise<Child> => {
    const { home, configPath } = rig
    const args = ['gateway', '-c', configPath, '--grace-period', '100ms']
    const env = { HOME: home, XDG_STATE_HOME: join(home, '.state'), TMPDIR: home }
    const child = gateway.start(...posternCommand(...args), { env, cwd: home })
    await child.says(/"message":"listening"/)
    return child
  }
  const startTunnel: NetworkRig['startTunnel'] = (args, env) =>
    connector.start(...posternCommand('tunnel', ...args), { env: { ...publisher.env, ...env } })
  let clients = 0
  return {
    ...network,
    rig,
    publisher,
    flows: {
      clientToGateway: { from: client, to: gateway, port: 443 },
      connectorToGateway: { from: connector, to: gateway, port: 443 },
      connectorToService: { from: connector, to: service, port: servicePort },
    },
    startGateway,
    startTunnel,
    startConnector(...options) {
      const url = ['--url', `tcp://${service.address}:${servicePort}`]
      return startTunnel(['run', '--token-file', publisher.tokenFile, ...url, ...options])
    },
    async startClient(machine) {
      const path = join(scope.directory, `client-${clients++}.sock`)
      const gatewayUrl = ['--gateway', `https://${gatewayHost}`, '--ca-file', rig.caFile]
      const args = ['access', 'tcp', '--hostname', application, '--url', `unix:${path}`]
      const command = posternCommand(...args, ...gatewayUrl)
      const child = machine.start(...command, { env: { HOME: scope.directory } })
      await child.says(/listening on/)
      return { child, connect: () => connectTo(scope, path) }
    },
  }
}

/** The client's machine alone may. */
function accessFrom({ address }: NetworkMachine) {
  const policies = [{ action: 'bypass', include: [{ ip: `${address}/32` }] }]
  return { access: [{ hostname: application, service: `connector://${namedTunnel}`, policies }] }
}

/** It was made where the gateway was then. */
async function moveToken(file: string): Promise<void> {
  const credential = decodeTunnelToken((await readFile(file, 'utf8')).trim(), file)
  const moved = { ...credential, gateway: `https://${gatewayHost}` }
  await writeFile(file, `${encodeTunnelToken(moved)}\n`)
}

/** The same of who may publish. */
async function moveCredential(home: string): Promise<void> {
  const file = join(home, '.postern', 'cert.pem')
  const credential = decodePublishCredential(await readFile(file, 'utf8'), file)
  const moved = { ...credential, gateway: `https://${gatewayHost}` }
  await writeFile(file, encodePublishCredential(moved))
}

/** A service that sends back what it gets. */
async function startEcho(machine: NetworkMachine): Promise<void> {
  const script = `require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined).pipe(socket)
  }).listen(${servicePort}, () => console.log('ready'))`
  await machine.start(process.execPath, ['-e', script]).says(/ready/)
}

async function connectTo(scope: Scope, path: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true })
  socket.on('error', () => undefined)
  scope.defer(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}
