import { mkdir, rename, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { stringify } from 'yaml'
import { createNamedTunnel } from '../../bench/named-tunnel.ts'
import { createControlClient, type ControlClient } from '../../src/control/client.ts'
import { startDevIdp, type DevIdp } from '../../src/dev-idp/dev-idp.ts'
import { startStockConnector } from '../../src/links/cloudflared/stock-connector.fixture.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { decodeTunnelToken } from '../../src/tunnel/tunnel-credential.ts'
import { inTime, startChild } from '../e2e/child.ts'
import { untilListening } from '../e2e/ports.ts'
import { allRegistered, connectionCount } from '../e2e/publisher.ts'
import type { Scope } from '../e2e/scope.ts'
import { posternCommand, posternOnNode } from '../postern-program.ts'
import { probeWord, type LeakName, type ProbeFigures } from './probe-figures.ts'
import { startWatched, type Watched } from './watched.ts'

/** The gateway that is watched, with everything that its tunnels come from and lead to. */
export interface SoakGateway {
  readonly port: number
  readonly origin: string
  /** PEM, and the file with it. */
  readonly ca: string
  readonly caFile: string
  readonly process: Watched
  readonly control: ControlClient
  readonly idp: DevIdp
  /** Collects garbage there, and answers what is left. */
  measure(): Promise<ProbeFigures>
  /** How many tunnels it says are open, over all routes. */
  tunnels(): Promise<number>
  /** Writes its file anew, with another description of its routes; resolves once it has read that. */
  reload(description: string): Promise<void>
}

export const people = ['alice@example.com', 'bob@example.com', 'carol@example.com'] as const
/** A service account that may use what people may. */
export const program = 'soak'

/** Where tunnels lead, by the way that they take behind the gateway. */
export const targets = {
  direct: 'direct.example.com:7',
  connector: 'connector.example.com:7',
  stockConnector: 'stock.example.com:7',
  nextGateway: 'next.example.com:7',
  /** Nobody may. */
  closed: 'closed.example.com:7',
} as const
/** As clients of cloudflared know it. */
export const application = 'tcp.site.com'

const probe = pathToFileURL(join(import.meta.dirname, 'probe.ts')).href
/** Often, so that every tunnel of a person is decided again many times. */
const refreshInterval = '15s'
/** Longest time for an answer of the gateway's process, in milliseconds. */
const patienceMs = 90_000

export async function startSoakGateway(
  scope: Scope,
  servicePort: number,
  leaks: readonly LeakName[],
): Promise<SoakGateway> {
  const home = join(scope.directory, 'gateway')
  const file = (name: string): string => join(home, name)
  await mkdir(home, { mode: 0o700 })
  const authority = await createCertificateAuthority()
  const pair = await authority.issue(['localhost', application])
  const caFile = file('ca.pem')
  await writeFile(caFile, authority.cert)
  await writeFile(file('cert.pem'), pair.cert)
  await writeFile(file('key.pem'), pair.key, { mode: 0o600 })
  const [port, metricsPort] = [await freePort(), await freePort()]
  const origin = `https://localhost:${port}`
  const idp = await startDevIdp({
    people: people.map((email) => ({ id: `u-${email}`, email, name: email, groups: ['staff'] })),
    redirectUris: [`${origin}/oauth2/callback`],
  })
  scope.defer(() => idp.close(0))
  const stateDirectory = file('state')
  const newTunnel = { stateDirectory, gatewayPort: port, caFile }
  const ours = await createNamedTunnel({ ...newTunnel, name: 'ours' })
  const stock = await createNamedTunnel({ ...newTunnel, name: 'stock' })
  const next = await startNextGateway(scope, home, servicePort)

  const write = async (description: string): Promise<void> => {
    const routes = routesTo({ servicePort, next, caFile, description })
    const settings = settingsOf({ port, metricsPort, origin, idp, servicePort })
    await writeFile(file('new.yaml'), stringify({ ...settings, routes }), { mode: 0o600 })
    await rename(file('new.yaml'), file('postern.yaml'))
  }
  await write('at first')
  const [node, args] = posternOnNode('gateway', '-c', file('postern.yaml'))
  const env = { HOME: home, TMPDIR: home, PATH: '/usr/bin:/bin', POSTERN_SOAK_LEAK: leaks.join() }
  const process = startWatched(scope, node, ['--import', probe, ...args], { env, cwd: home })
  await inTime(process.says('"message":"listening"'), () => 'it does not start', patienceMs)
  await startConnectors(scope, { port, ours, stock, servicePort, home })
  return {
    port,
    origin,
    ca: authority.cert,
    caFile,
    process,
    idp,
    control: createControlClient(stateDirectory),
    async measure() {
      const said = process.says(probeWord)
      process.signal('SIGUSR2')
      const line = await inTime(said, () => 'it says nothing of itself', patienceMs)
      return JSON.parse(line.slice(probeWord.length)) as ProbeFigures
    },
    tunnels: async () => tunnelsIn(await fetchText(metricsPort)),
    async reload(description) {
      const isRead = process.says('"message":"configuration reloaded"')
      await write(description)
      await inTime(isRead, () => 'the configuration is not read', patienceMs)
    },
  }
}

interface Places {
  readonly servicePort: number
  readonly next: number
  readonly caFile: string
  readonly description: string
}

function routesTo({ servicePort, next, caFile, description }: Places): readonly object[] {
  const who = [{ domain: { is: 'example.com' } }, { user: { is: program } }]
  const policy = [{ allow: { or: who } }]
  const route = (target: string, to: string, more: object = { policy }): object => ({
    from: `tcp+https://${target}`,
    to,
    description,
    ...more,
  })
  const service = `tcp://127.0.0.1:${servicePort}`
  return [
    route(targets.direct, service),
    route(targets.connector, 'connector://ours'),
    route(targets.stockConnector, 'connector://stock'),
    route(targets.nextGateway, `https://localhost:${next}`, { policy, tls_custom_ca_file: caFile }),
    route(targets.closed, service, { policy: [] }),
  ]
}

interface Surroundings {
  readonly port: number
  readonly metricsPort: number
  readonly origin: string
  readonly idp: DevIdp
  readonly servicePort: number
}

function settingsOf({ port, metricsPort, origin, idp, servicePort }: Surroundings): object {
  const policies = [{ action: 'bypass', include: [{ everyone: true }] }]
  return {
    address: `127.0.0.1:${port}`,
    certificate_file: 'cert.pem',
    certificate_key_file: 'key.pem',
    authenticate_service_url: origin,
    state_directory: 'state',
    metrics_address: `127.0.0.1:${metricsPort}`,
    idp_provider: 'oidc',
    idp_provider_url: idp.issuer.href,
    idp_client_id: idp.clientId,
    idp_client_secret: idp.clientSecret,
    idp_scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    session_refresh_interval: refreshInterval,
    access: [{ hostname: application, service: `tcp://127.0.0.1:${servicePort}`, policies }],
  }
}

/** Another gateway, whose routes are open to the first; resolves to its port. */
async function startNextGateway(scope: Scope, home: string, servicePort: number): Promise<number> {
  const port = await freePort()
  const config = join(home, 'next.yaml')
  const settings = {
    address: `127.0.0.1:${port}`,
    certificate_file: 'cert.pem',
    certificate_key_file: 'key.pem',
    state_directory: 'next-state',
    log_level: 'warn',
    routes: [
      {
        from: `tcp+https://${targets.nextGateway}`,
        to: `tcp://127.0.0.1:${servicePort}`,
        allow_public_unauthenticated_access: true,
      },
    ],
  }
  await writeFile(config, stringify(settings), { mode: 0o600 })
  // It says nothing at that level, and ends with an exit code where it cannot start.
  const child = startChild(scope, ...posternCommand('gateway', '-c', config), { cwd: home })
  await untilListening(port, child)
  return port
}

interface Joining {
  readonly port: number
  readonly ours: string
  readonly stock: string
  readonly servicePort: number
  readonly home: string
}

async function startConnectors(
  scope: Scope,
  { port, ours, stock, servicePort, home }: Joining,
): Promise<void> {
  const tokenFile = join(home, 'ours.token')
  await writeFile(tokenFile, ours, { mode: 0o600 })
  const service = ['--token-file', tokenFile, '--url', `tcp://127.0.0.1:${servicePort}`]
  const env = { HOME: home }
  await allRegistered(startChild(scope, ...posternCommand('tunnel', 'run', ...service), { env }))

  const { tunnelId, secret } = decodeTunnelToken(stock, 'stock')
  const connectorId = crypto.randomUUID()
  for (let connIndex = 0; connIndex < connectionCount; connIndex += 1) {
    const identity = { tunnelId, secret: Buffer.from(secret), connectorId, connIndex }
    const test = { after: (end: () => void) => scope.defer(end) }
    const { answer } = await startStockConnector(test, {
      port,
      origin: servicePort,
      ...identity,
    })
    const answered = await answer
    if (answered === 'closed' || !('id' in answered))
      throw new Error(`not registered: ${JSON.stringify(answered)}`)
  }
}

/** On a connection of its own, which is gone with the answer. */
function fetchText(port: number): Promise<string> {
  const options = { host: '127.0.0.1', port, path: '/metrics', agent: false }
  return new Promise((resolve, reject) => {
    get(options, (response) => void text(response).then(resolve, reject)).once('error', reject)
  })
}

function tunnelsIn(metrics: string): number {
  const counts = metrics.matchAll(/^postern_tunnels_active(?:\{[^}]*\})? (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}
