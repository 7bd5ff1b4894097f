import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { startDevIdp, type DevIdp } from '../../src/dev-idp/dev-idp.ts'
import { createCertificateAuthority, type CertificatePair } from '../../src/net/certificate.ts'
import { startChild, runChild, type Child, type Ending, type Result } from './child.ts'
import { createLogLines, type LogLines } from './log-lines.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import type { Scope } from './scope.ts'
import { issuedTo, watchMetrics } from './secrets/gateway.ts'
import { secretsIn } from './secrets/shapes.ts'
import { posternCommand } from '../postern-program.ts'

export { posternCommand }

/** A route as its file has it. */
export interface RouteEntry {
  readonly from: string
  readonly to: string
  readonly name: string
  readonly [key: string]: unknown
}

/** A configuration file's content. */
export interface GatewayFile {
  readonly routes: readonly RouteEntry[]
  readonly [key: string]: unknown
}

/** A gateway in a process of its own, with its provider, certificate authority and file. */
export interface GatewayRig {
  readonly port: number
  readonly origin: string
  readonly idp: DevIdp
  /** PEM, and the file with it. */
  readonly ca: string
  readonly caFile: string
  /** Another certificate of the same authority, for the same names. */
  issue(): Promise<CertificatePair>
  /** The home directory of whoever runs the gateway. */
  readonly home: string
  readonly configPath: string
  readonly lines: LogLines
  /** The process that runs now. */
  child(): Child
  /** Replaces the configuration file; the gateway notices by itself. */
  configure(change: (file: GatewayFile) => GatewayFile): Promise<void>
  /** Asks the process to end; resolves to how it did. */
  stop(): Promise<Ending>
  /** Starts it again, with further options. */
  start(...options: string[]): Promise<void>
  /** Runs another `postern` command beside the gateway, such as `gateway sessions list`. */
  postern(...args: string[]): Promise<Result>
}

export const alice = 'alice@example.com'
export const bob = 'bob@example.com'
export const carol = 'carol@example.com'

const people = [
  { id: 'u-alice', email: alice, name: 'Alice Adams', groups: ['engineering', 'dba'] },
  { id: 'u-bob', email: bob, name: 'Bob Brown', groups: ['engineering'] },
  { id: 'u-carol', email: carol, name: 'Carol Clark', groups: ['sales'] },
]

/** A route to a loopback port, for these people. */
export function route(
  authority: string,
  port: number,
  allowed: readonly string[] = [alice, bob],
): RouteEntry {
  return {
    from: `tcp+https://${authority}`,
    to: `tcp://127.0.0.1:${port}`,
    name: authority.split('.')[0] ?? authority,
    policy: [{ allow: { or: allowed.map((email) => ({ email: { is: email } })) } }],
  }
}

/**
 * Starts a gateway as a user would, and a provider for it; people sign in on `signInHost`. `launcher`
 * is a command that becomes the program behind it, such as `prlimit --nofile=400`.
 */
export async function startRig(
  scope: Scope,
  routes: readonly RouteEntry[],
  settings: Readonly<Record<string, unknown>> = {},
  signInHost = 'localhost',
  launcher: readonly string[] = [],
): Promise<GatewayRig> {
  const home = join(scope.directory, 'gateway')
  await mkdir(home, { mode: 0o700 })
  const port = await freePort()
  const signInOrigin = `https://${signInHost}:${port}`
  const { ca, pair, issue } = await certificateFor(signInHost)
  const idp = await startDevIdp({
    people,
    onIssued: issuedTo(scope.secrets),
    redirectUris: [`${signInOrigin}/oauth2/callback`],
    backchannelLogout: { uri: `${signInOrigin}/oauth2/backchannel-logout`, ca },
  })
  scope.defer(() => idp.close(0))
  scope.secrets.provider(idp)
  scope.secrets.home(home)
  const caFile = join(scope.directory, 'ca.pem')
  await writeFile(caFile, ca)
  await writeFile(join(home, 'cert.pem'), pair.cert)
  await writeFile(join(home, 'key.pem'), pair.key, { mode: 0o600 })

  const origin = `https://localhost:${port}`
  const configPath = join(home, 'postern.yaml')
  const lines = createLogLines()
  scope.witness('the gateway', () => lines.text())
  const env = {
    HOME: home,
    XDG_STATE_HOME: join(home, '.state'),
    TMPDIR: home,
    PATH: '/usr/bin:/bin',
  }
  const metrics_address = scope.secrets.isSearched ? `127.0.0.1:${await freePort()}` : undefined
  let file: GatewayFile = {
    ...gatewaySettings(signInOrigin, port, idp),
    ...(metrics_address !== undefined && { metrics_address }),
    ...settings,
    routes,
  }
  let child: Child

  async function write(): Promise<void> {
    const text = stringify(file)
    for (const secret of secretsIn(text)) scope.secrets.add('client secret', secret)
    await writeFile(`${configPath}.new`, text, { mode: 0o600 })
    await rename(`${configPath}.new`, configPath)
  }

  async function start(...options: string[]): Promise<void> {
    const [node, args] = posternCommand('gateway', '-c', configPath, ...options)
    const [command = node, ...rest] = [...launcher, node, ...args]
    child = startChild(scope, command, rest, { env, cwd: home })
    child.stdout.on('data', (chunk: Buffer) => lines.take(chunk.toString()))
    await child.says(/"message":"listening"/)
    if (metrics_address !== undefined) watchMetrics(scope, child, metrics_address)
  }

  await write()
  await start()
  return {
    port,
    origin,
    idp,
    ca,
    caFile,
    issue,
    home,
    configPath,
    lines,
    child: () => child,
    async configure(change) {
      file = change(file)
      await write()
    },
    async stop() {
      child.signal('SIGTERM')
      return child.ended
    },
    start,
    postern: (...args) => runChild(scope, ...posternCommand(...args), { env, cwd: home }),
  }
}

interface RigCertificate {
  /** The authority's, PEM. */
  readonly ca: string
  readonly pair: CertificatePair
  issue(): Promise<CertificatePair>
}

/** The gateways of a test file have one in common, which its browser believes. */
function certificateFor(signInHost: string): Promise<RigCertificate> {
  const made = certificates.get(signInHost) ?? makeCertificate(signInHost)
  certificates.set(signInHost, made)
  return made
}

const certificates = new Map<string, Promise<RigCertificate>>()

async function makeCertificate(signInHost: string): Promise<RigCertificate> {
  const authority = await createCertificateAuthority()
  const issue = (): Promise<CertificatePair> =>
    authority.issue([signInHost, 'localhost', '127.0.0.1', '*.site.com'])
  return { ca: authority.cert, pair: await issue(), issue }
}

function gatewaySettings(origin: string, port: number, idp: DevIdp): Record<string, unknown> {
  return {
    address: `127.0.0.1:${port}`,
    certificate_file: 'cert.pem',
    certificate_key_file: 'key.pem',
    authenticate_service_url: origin,
    idp_provider: 'oidc',
    idp_provider_url: idp.issuer.href,
    idp_client_id: idp.clientId,
    idp_client_secret: idp.clientSecret,
    idp_scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
  }
}
