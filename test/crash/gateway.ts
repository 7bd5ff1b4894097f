import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { startDevIdp } from '../../src/dev-idp/dev-idp.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startChild, type Child } from '../e2e/child.ts'
import type { Scope } from '../e2e/scope.ts'
import { startService } from '../e2e/services.ts'
import { posternCommand } from '../postern-program.ts'

/** A gateway on one state directory, which is started and killed again and again. */
export interface CrashGateway {
  readonly port: number
  readonly origin: string
  /** PEM. */
  readonly ca: string
  readonly configPath: string
  readonly stateDirectory: string
  /** Starts its process, and does not wait for it. */
  spawn(): Child
  /** Runs another command beside it. */
  command(...args: readonly string[]): Child
}

/** Resolves once it takes requests, to how long that took, in milliseconds; rejects where it ends before that. */
export async function untilListening(child: Child): Promise<number> {
  const startedMs = performance.now()
  await child.says(/"message":"listening"/)
  return performance.now() - startedMs
}

export const administrator = 'crash-admin'
export const directoryAccount = 'directory'
export const tunnelAccount = 'tunnels'
export const tunnelTarget = 'echo.example.com:7'
export const askedRoute = 'asked'

export async function createCrashGateway(
  scope: Scope,
  emails: readonly string[],
): Promise<CrashGateway> {
  const home = join(scope.directory, 'gateway')
  const stateDirectory = join(home, 'state')
  await mkdir(home, { mode: 0o700 })
  const port = await freePort()
  const origin = `https://localhost:${port}`
  const authority = await createCertificateAuthority()
  const pair = await authority.issue(['localhost', '127.0.0.1'])
  const idp = await startDevIdp({
    people: emails.map((email) => ({ id: `u-${email}`, email, name: email, groups: [] })),
    redirectUris: [`${origin}/oauth2/callback`],
    // One that is good once is spent by a question whose answer a kill has lost: nothing of ours can bring it back.
    rotatesRefreshTokens: false,
  })
  scope.defer(() => idp.close(0))
  const echo = await startService(scope, (socket) => void socket.pipe(socket))
  await writeFile(join(home, 'cert.pem'), pair.cert)
  await writeFile(join(home, 'key.pem'), pair.key, { mode: 0o600 })
  const configPath = join(home, 'postern.yaml')
  const settings = {
    address: `127.0.0.1:${port}`,
    certificate_file: 'cert.pem',
    certificate_key_file: 'key.pem',
    authenticate_service_url: origin,
    state_directory: 'state',
    idp_provider: 'oidc',
    idp_provider_url: idp.issuer.href,
    idp_client_id: idp.clientId,
    idp_client_secret: idp.clientSecret,
    // Sessions are refreshed while the gateway is killed.
    session_refresh_interval: '2s',
    idp_scopes: ['openid', 'profile', 'email', 'offline_access'],
    administrators: [administrator],
    scim: { service_account: directoryAccount },
    routes: [
      {
        name: 'echo',
        from: `tcp+https://${tunnelTarget}`,
        to: `tcp://127.0.0.1:${echo}`,
        policy: [{ allow: { or: [{ user: { is: tunnelAccount } }] } }],
      },
      {
        id: askedRoute,
        name: askedRoute,
        from: 'tcp+https://asked.example.com:22',
        to: `tcp://127.0.0.1:${echo}`,
        listed: true,
        approval: { approvers: [{ allow: { or: [{ email: { is: 'boss@example.com' } }] } }] },
      },
    ],
  }
  await writeFile(configPath, stringify(settings), { mode: 0o600 })
  const env = { HOME: home, TMPDIR: home, PATH: '/usr/bin:/bin' }
  const command = (...args: readonly string[]): Child =>
    startChild(scope, ...posternCommand(...args), { env, cwd: home })
  return {
    port,
    origin,
    ca: authority.cert,
    configPath,
    stateDirectory,
    spawn: () => command('gateway', '-c', configPath),
    command,
  }
}
