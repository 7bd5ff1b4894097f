import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startChild, type Child } from './child.ts'
import { startBind } from './peers/bind.ts'
import { startPebble, type Pebble, type PebbleOptions } from './peers/pebble.ts'
import type { Peer } from './peers.ts'
import { posternCommand } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

export const acmePeers: readonly Peer[] = ['Pebble', 'BIND', 'curl']

export interface AcmeRig {
  readonly port: number
  readonly pebble: Pebble
  readonly configPath: string
  /** Starts the gateway, again as well, with these settings besides. */
  start(more?: Readonly<Record<string, unknown>>): Promise<Child>
}

export interface AcmeRigOptions extends Partial<PebbleOptions> {
  /** **Default:** as other tests start the program */
  readonly command?: typeof posternCommand
}

/** A gateway with a name server and an authority, all on loopback. */
export async function startAcmeRig(
  scope: Scope,
  settings: Readonly<Record<string, unknown>>,
  { command = posternCommand, ...options }: AcmeRigOptions = {},
): Promise<AcmeRig> {
  const bind = await startBind(scope)
  const [port, httpPort] = [await freePort(), await freePort()]
  const pebble = await startPebble(scope, {
    tlsPort: port,
    httpPort,
    dnsPort: bind.port,
    ...options,
  })
  const home = join(scope.directory, 'gateway')
  await mkdir(home)
  scope.secrets.home(home)
  const configPath = join(home, 'postern.yaml')
  const echoPort = await startService(scope, echo)
  const { key, server } = bind.settings
  const file = {
    address: `127.0.0.1:${port}`,
    http_redirect_addr: `127.0.0.1:${httpPort}`,
    state_directory: join(home, 'state'),
    autocert: true,
    autocert_ca: pebble.directoryUrl,
    autocert_trusted_ca_file: pebble.caFile,
    routes: [
      {
        from: 'tcp+https://db.example.test:5432',
        to: `tcp://127.0.0.1:${echoPort}`,
        allow_public_unauthenticated_access: true,
      },
    ],
    ...settings,
  }
  return {
    port,
    pebble,
    configPath,
    async start(more = {}) {
      const text = stringify({ ...file, ...more })
        .replaceAll('DNS_SERVER', `${server.host}:${server.port}`)
        .replaceAll('DNS_SECRET', Buffer.from(key.secret).toString('base64'))
      await writeFile(configPath, text, { mode: 0o600 })
      const [node, args] = command('gateway', '-c', configPath)
      const child = startChild(scope, node, args, { env: { HOME: home }, cwd: home })
      await child.says(/"message":"listening"/)
      return child
    },
  }
}
