import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startStockConnector } from '../../src/links/cloudflared/stock-connector.fixture.ts'
import { decodeTunnelToken } from '../../src/tunnel/tunnel-credential.ts'
import { decideAboutDevice } from './approve.ts'
import { mustRun, startChild, type Child, type Result } from './child.ts'
import { personAt, type LocalPort } from './person.ts'
import { alice, posternCommand, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

/** The application, and the named tunnel that it leads to. */
export const application = 'tcp.site.com'
export const namedTunnel = 'lab'

/** A gateway with an application behind a named tunnel, whose connectors a test starts. */
export interface ConnectorRig extends GatewayRig {
  /** `postern tunnel …` of the person who publishes, which must succeed. */
  tunnel(...args: string[]): Promise<Result>
  /** `postern tunnel run` for a service on this machine; resolves once it has all its connections. */
  startConnector(servicePort: number, ...options: string[]): Promise<Child>
  /** The same, shaped as the stock one. */
  startStockConnector(servicePort: number): Promise<void>
  /** Closes the application to everybody, or opens it. */
  setPolicy(action: 'bypass' | 'block'): Promise<void>
}

/** Connections of one connector. */
const connectionCount = 4

export async function startConnectorRig(scope: Scope): Promise<ConnectorRig> {
  const rig = await startRig(scope, [], { ...(await site(scope)), ...accessFor('bypass') })
  const publisher = await personAt(scope, rig, alice)
  const options = { env: publisher.env, cwd: publisher.home }
  const tunnel = (...args: string[]): Promise<Result> =>
    mustRun(scope, ...posternCommand('tunnel', ...args), options)

  const gateway = ['--gateway', rig.origin, '--ca-file', rig.caFile, '--no-browser']
  const login = startChild(scope, ...posternCommand('tunnel', 'login', ...gateway), options)
  const [, address = ''] = await login.says(/\n {2}(https:\/\/\S+)\n/)
  await decideAboutDevice(rig, address, alice, 'approve')
  await login.ended
  await tunnel('create', namedTunnel)
  const tokenFile = join(publisher.home, 'lab.token')
  await tunnel('token', '--output', tokenFile, namedTunnel)
  return {
    ...rig,
    tunnel,
    async startConnector(port, ...more) {
      const url = `tcp://127.0.0.1:${port}`
      const args = ['tunnel', 'run', '--token-file', tokenFile, '--url', url, ...more]
      const child = startChild(scope, ...posternCommand(...args), options)
      for (let index = 0; index < connectionCount; index += 1) await child.says(registered(index))
      return child
    },
    async startStockConnector(origin) {
      const token = (await readFile(tokenFile, 'utf8')).trim()
      const { tunnelId, secret } = decodeTunnelToken(token, tokenFile)
      const connectorId = crypto.randomUUID()
      const t = { after: (end: () => void) => scope.defer(end) } as Parameters<
        typeof startStockConnector
      >[0]
      for (let connIndex = 0; connIndex < connectionCount; connIndex += 1) {
        const identity = { tunnelId, secret: Buffer.from(secret), connectorId, connIndex }
        const { answer } = await startStockConnector(t, { port: rig.port, origin, ...identity })
        const answered = await answer
        if (answered === 'closed' || !('id' in answered))
          throw new Error(`not registered: ${JSON.stringify(answered)}`)
      }
    },
    async setPolicy(action) {
      await rig.configure((file) => ({ ...file, ...accessFor(action) }))
    },
  }
}

/** `postern access tcp` for the application, which needs no sign-in. */
export async function startAccess(scope: Scope, rig: GatewayRig): Promise<LocalPort> {
  const port = await freePort()
  const gateway = ['--gateway', rig.origin, '--ca-file', rig.caFile]
  const args = ['access', 'tcp', '--hostname', application, '--url', `localhost:${port}`]
  const env = { HOME: scope.directory }
  const child = startChild(scope, ...posternCommand(...args, ...gateway), { env })
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

/** What a connector says of a connection that is up. */
export function registered(index: number): RegExp {
  return new RegExp(`Registered tunnel connection connIndex=${index} `)
}

function accessFor(action: 'bypass' | 'block') {
  const policies = [{ action, include: [{ everyone: true }] }]
  return { access: [{ hostname: application, service: `connector://${namedTunnel}`, policies }] }
}

/** A site in which Alice may publish. */
async function site(scope: Scope) {
  const { cert, key } = await (await createCertificateAuthority()).issue(['*.site.com'])
  const files = join(scope.directory, 'site')
  await mkdir(files)
  const [certificate_file, certificate_key_file] = [
    join(files, 'site.crt'),
    join(files, 'site.key'),
  ]
  await writeFile(certificate_file, cert)
  await writeFile(certificate_key_file, key, { mode: 0o600 })
  const publish = [{ allow: { and: [{ email: { is: alice } }] } }]
  return { sites: [{ name: 'site.com', publish, certificate_file, certificate_key_file }] }
}
