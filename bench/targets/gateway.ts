import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'

import { authority } from '../endpoint.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { createNamedTunnel, tunnelName } from '../named-tunnel.ts'
import { startServer, startWorker, type Launcher } from '../processes.ts'
import type { RunningTarget, Setting, Target } from '../target.ts'
import { openThrottle } from '../throttle.ts'

const root = new URL('../..', import.meta.url).pathname
const built = `${root}dist/postern.js`
const source = `${root}src/cli/main.ts`
/** The build when there is one, else the source. */
export const programFile = existsSync(built) ? built : source

/**
 * The product, with one public route and the log at `warn`.
 *
 * `file` is the program to run, `nodeArgs` go to Node before it, such as `--cpu-prof`.
 */
export function gateway(file = programFile, nodeArgs: readonly string[] = []): Target {
  return {
    name: 'gateway',
    protocols: ['http/1.1', 'h2', 'websocket'],
    missing: () => missing(file),
    async start(setting) {
      const prepared = await prepare(setting, `tcp://127.0.0.1:${setting.upstreamPort}`)
      const { port, config } = prepared
      const args = [...nodeArgs, file, 'gateway', '-c', config]
      return { port, behind: [], ...(await startServer(process.execPath, args, port)) }
    },
  }
}

/** The same with the service behind a connector, `postern tunnel run`, as a process of its own. */
export function connector(file = programFile, nodeArgs: readonly string[] = []): Target {
  return {
    name: 'connector',
    protocols: ['http/1.1', 'h2'],
    missing: () => missing(file),
    start: (setting) => startConnector(setting, { command: [...nodeArgs, file] }),
  }
}

/** Where the two processes run, and how they reach each other and the service. */
export interface Places {
  /** The arguments of Node that are the program. */
  readonly command: readonly string[]
  readonly near?: Launcher
  readonly far?: Launcher
  /** An address of the gateway that the connector reaches. */
  readonly gatewayHost?: string
  /** What the line from the gateway to the connector takes; undefined: all. */
  readonly bytesPerSecond?: number
}

const here: Launcher = (command, args) => [command, args]
const connections = [0, 1, 2, 3].map((index) => `connIndex=${index} `)

/** Starts a gateway, and a connector of its own with all its connections. */
export async function startConnector(
  setting: Setting,
  { command, near, far = here, gatewayHost = '127.0.0.1', bytesPerSecond }: Places,
): Promise<RunningTarget> {
  const { upstreamPort, directory, caFile } = setting
  const prepared = await prepare(setting, `connector://${tunnelName}`, gatewayHost)
  const { port, config, stateDirectory } = prepared
  const tokenFile = `${directory}/token`
  const line = bytesPerSecond === undefined ? undefined : await openThrottle(port, bytesPerSecond)
  const gatewayPort = line?.port ?? port
  const token = await createNamedTunnel({ stateDirectory, gatewayHost, gatewayPort, caFile })
  writeFileSync(tokenFile, token, { mode: 0o600 })
  const gatewayArgs = [...command, 'gateway', '-c', config]
  // Elsewhere nobody here can see whether it listens: the connector finds out.
  const server = near
    ? await startWorker(near(process.execPath, gatewayArgs), [])
    : await startServer(process.execPath, gatewayArgs, port)
  const service = ['--token-file', tokenFile, '--url', `tcp://127.0.0.1:${upstreamPort}`]
  const worker = await startWorker(
    far(process.execPath, [...command, 'tunnel', 'run', ...service]),
    connections,
  )
  return {
    port,
    pid: server.pid,
    behind: [worker.pid],
    async stop() {
      await worker.stop()
      await server.stop()
      line?.[Symbol.dispose]()
    },
  }
}

function missing(file: string): string | undefined {
  return existsSync(file) ? undefined : `${file} does not exist: npm run build`
}

/** Writes the configuration of a gateway whose one route leads `to`. */
async function prepare(
  { directory, certFile, keyFile }: Setting,
  to: string,
  host = '127.0.0.1',
): Promise<{ port: number; config: string; stateDirectory: string }> {
  const port = await freePort()
  const config = `${directory}/postern.yaml`
  const stateDirectory = mkdtempSync(`${directory}/state-`)
  writeFileSync(
    config,
    `address: ${host}:${port}
certificate_file: ${certFile}
certificate_key_file: ${keyFile}
state_directory: ${stateDirectory}
log_level: warn
routes:
  - from: tcp+https://${authority}
    to: ${to}
    allow_public_unauthenticated_access: true
`,
  )
  return { port, config, stateDirectory }
}
