import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { decodeTunnelToken, encodeTunnelToken } from '../../src/tunnel/tunnel-credential.ts'
import type { Child } from '../e2e/child.ts'
import { startAccess } from '../e2e/connector-rig.ts'
import type { LocalPort, Person } from '../e2e/person.ts'
import { connectionCount, publisherAt, siteFor } from '../e2e/publisher.ts'
import { alice, route, startRig, type GatewayRig } from '../e2e/rig.ts'
import type { Scope } from '../e2e/scope.ts'
import { startFaultService, type FaultService } from './service.ts'
import type { Way } from './transfer.ts'
import { byHttp2, byLocalPort, byStockWebSocket, byWebSocket } from './ways.ts'

/** How a gateway is started for a fault. */
export interface StageSetup {
  /** A command that becomes the gateway's program behind it, such as `prlimit --nofile=200`. */
  readonly launcher?: readonly string[]
  /** What its file has besides. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** By which the gateway reaches the service. **Default:** 127.0.0.1 */
  readonly serviceHost?: string
  /** To which port of this machine the connector dials instead of the gateway's. */
  connectorTo?(scope: Scope, port: number): Promise<number>
  /** What its routes have besides. */
  readonly route?: Readonly<Record<string, unknown>>
}

/** A gateway in a process of its own, a service, and clients by every way. */
export interface Stage {
  readonly scope: Scope
  readonly rig: GatewayRig
  readonly stateDirectory: string
  readonly service: FaultService
  readonly ways: readonly Way[]
  /** Somebody who is signed in. */
  readonly person: Person
  /** Another `postern tcp` of hers. */
  startClient(): Promise<LocalPort>
  /** The connector that runs now; `startConnector` starts another. */
  connector(): Child
  startConnector(): Promise<void>
}

/** To which everybody may have a tunnel, and one for those who are signed in. */
export const openTarget = 'open.example.com:7'
export const closedTarget = 'closed.example.com:7'
const application = 'direct.site.com'
const behindConnector = 'tcp.site.com'
const namedTunnel = 'lab'

export async function startStage(scope: Scope, setup: StageSetup = {}): Promise<Stage> {
  const service = await startFaultService(scope)
  const to = `tcp://${setup.serviceHost ?? '127.0.0.1'}:${service.port}`
  const policies = [{ action: 'bypass', include: [{ everyone: true }] }]
  const open = { name: 'open', from: `tcp+https://${openTarget}`, to }
  const routes = [
    { ...open, allow_public_unauthenticated_access: true, ...setup.route },
    { ...route(closedTarget, service.port, [alice]), to, ...setup.route },
  ]
  const settings = {
    ...(await siteFor(scope, 'site.com', alice)),
    state_directory: 'state',
    // While something is wrong the provider is asked, not only before and after.
    session_refresh_interval: '2s',
    access: [
      { hostname: behindConnector, service: `connector://${namedTunnel}`, policies },
      { hostname: application, service: to, policies },
    ],
    ...setup.settings,
  }
  const rig = await startRig(scope, routes, settings, 'localhost', setup.launcher)
  const person = await publisherAt(scope, rig, alice, namedTunnel)
  await person.run('login')
  if (setup.connectorTo) await moveToken(person.tokenFile, await setup.connectorTo(scope, rig.port))
  const runConnector = (): Promise<Child> =>
    person.startConnector(
      'run',
      '--token-file',
      person.tokenFile,
      '--url',
      `tcp://127.0.0.1:${service.port}`,
    )
  let connector = await runConnector()
  const client = await person.listen(closedTarget)
  const access = await startAccess(scope, rig, { hostname: behindConnector })
  return {
    scope,
    rig,
    stateDirectory: resolve(rig.home, settings.state_directory),
    service,
    person,
    startClient: () => person.listen(closedTarget),
    connector: () => connector,
    async startConnector() {
      connector = await runConnector()
    },
    ways: [
      byLocalPort('postern tcp', client),
      byHttp2(scope, rig, openTarget),
      byWebSocket(scope, rig, openTarget),
      byStockWebSocket(scope, rig, application),
      byLocalPort('connector', access),
    ],
  }
}

/** Resolves once a connector has made all its connections anew. */
export async function untilBack(connector: Child): Promise<void> {
  await connector.says(new RegExp(`(?:Registered tunnel connection [^]*){${2 * connectionCount}}`))
}

/** A token says where its gateway is. */
async function moveToken(file: string, port: number): Promise<void> {
  const credential = decodeTunnelToken((await readFile(file, 'utf8')).trim(), file)
  const moved = { ...credential, gateway: `https://localhost:${port}` }
  await writeFile(file, `${encodeTunnelToken(moved)}\n`)
}
