import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startStockConnector } from '../../src/links/cloudflared/stock-connector.fixture.ts'
import { decodeTunnelToken } from '../../src/tunnel/tunnel-credential.ts'
import { startChild, type Child } from './child.ts'
import type { LocalPort } from './person.ts'
import { connectionCount, publisherAt, siteFor, type Publisher } from './publisher.ts'
import { alice, posternCommand, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

/** The application, and the named tunnel that it leads to. */
export const application = 'tcp.site.com'
export const namedTunnel = 'lab'

/** A gateway with an application behind a named tunnel, whose connectors a test starts. */
export interface ConnectorRig extends GatewayRig {
  /** `postern tunnel …` of the person who publishes, which must succeed. */
  readonly tunnel: Publisher['tunnel']
  /** The token of its connectors, as it was printed at first. */
  readonly tokenFile: string
  /** `postern tunnel run` for a service on this machine; resolves once it has all its connections. */
  startConnector(servicePort: number, ...options: string[]): Promise<Child>
  /** The same, shaped as the stock one. */
  startStockConnector(servicePort: number): Promise<StockConnection>
  /** Closes the application to everybody, or opens it. */
  setPolicy(action: 'bypass' | 'block'): Promise<void>
}

/** The connections of one stock connector. */
export interface StockConnection {
  /** Resolves once they have all ended. */
  readonly ended: Promise<unknown>
  /** Makes them anew, as the same process. */
  again(): Promise<StockConnection>
}

export async function startConnectorRig(
  scope: Scope,
  launcher: readonly string[] = [],
): Promise<ConnectorRig> {
  const site = await siteFor(scope, 'site.com', alice)
  const settings = { ...site, ...accessFor('bypass') }
  const rig = await startRig(scope, [], settings, 'localhost', launcher)
  const { tunnel, tokenFile, startConnector } = await publisherAt(scope, rig, alice, namedTunnel)
  return {
    ...rig,
    tunnel,
    tokenFile,
    startConnector: (port, ...more) =>
      startConnector('run', '--token-file', tokenFile, '--url', `tcp://127.0.0.1:${port}`, ...more),
    async startStockConnector(origin) {
      const token = (await readFile(tokenFile, 'utf8')).trim()
      const { tunnelId, secret } = decodeTunnelToken(token, tokenFile)
      const connectorId = crypto.randomUUID()
      const t = { after: (end: () => void) => scope.defer(end) } as Parameters<
        typeof startStockConnector
      >[0]
      const join = async (): Promise<StockConnection> => {
        const ends: Promise<unknown>[] = []
        for (let connIndex = 0; connIndex < connectionCount; connIndex += 1) {
          const identity = { tunnelId, secret: Buffer.from(secret), connectorId, connIndex }
          const options = { port: rig.port, origin, ...identity }
          const { answer, closed } = await startStockConnector(t, options)
          const answered = await answer
          if (answered === 'closed' || !('id' in answered))
            throw new Error(`not registered: ${JSON.stringify(answered)}`)
          ends.push(closed)
        }
        return { ended: Promise.all(ends), again: join }
      }
      return join()
    },
    async setPolicy(action) {
      await rig.configure((file) => ({ ...file, ...accessFor(action) }))
    },
  }
}

/** `postern access tcp` for the application, or another name that needs no sign-in. */
export async function startAccess(
  scope: Scope,
  rig: GatewayRig,
  { hostname = application, command = posternCommand } = {},
): Promise<LocalPort> {
  const port = await freePort()
  const gateway = ['--gateway', rig.origin, '--ca-file', rig.caFile]
  const args = ['access', 'tcp', '--hostname', hostname, '--url', `localhost:${port}`]
  const env = { HOME: scope.directory }
  const child = startChild(scope, ...command(...args, ...gateway), { env })
  await child.says(/listening on 127\.0\.0\.1:\d+/)
  const open = async () => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    socket.on('error', () => undefined)
    scope.defer(() => void socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  return { child, port, connect: open }
}

function accessFor(action: 'bypass' | 'block') {
  const policies = [{ action, include: [{ everyone: true }] }]
  return { access: [{ hostname: application, service: `connector://${namedTunnel}`, policies }] }
}
