import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'

import { authority } from '../endpoint.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { createNamedTunnel, tunnelName } from '../named-tunnel.ts'
import { startServer, startWorker } from '../processes.ts'
import type { Setting, Target } from '../target.ts'

const root = new URL('../..', import.meta.url).pathname
const built = `${root}dist/postern.js`
const source = `${root}src/cli/main.ts`
const byDefault = existsSync(built) ? built : source

/**
 * The product, with one public route and the log at `warn`.
 *
 * `file` is the program to run; by default the build when there is one, else the source.
 * `nodeArgs` go to Node before it, such as `--cpu-prof`.
 */
export function gateway(file = byDefault, nodeArgs: readonly string[] = []): Target {
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
export function connector(file = byDefault, nodeArgs: readonly string[] = []): Target {
  return {
    name: 'connector',
    protocols: ['http/1.1', 'h2'],
    missing: () => missing(file),
    async start(setting) {
      const { upstreamPort, directory, caFile } = setting
      const { port, config, stateDirectory } = await prepare(setting, `connector://${tunnelName}`)
      const tokenFile = `${directory}/token`
      const token = await createNamedTunnel({ stateDirectory, gatewayPort: port, caFile })
      writeFileSync(tokenFile, token, { mode: 0o600 })
      const service = ['--token-file', tokenFile, '--url', `tcp://127.0.0.1:${upstreamPort}`]
      const server = await startServer(
        process.execPath,
        [...nodeArgs, file, 'gateway', '-c', config],
        port,
      )
      const { pid, stop } = await startWorker(
        process.execPath,
        [...nodeArgs, file, 'tunnel', 'run', ...service],
        [0, 1, 2, 3].map((index) => `connIndex=${index} `),
      )
      return {
        port,
        pid: server.pid,
        behind: [pid],
        async stop() {
          await stop()
          await server.stop()
        },
      }
    },
  }
}

function missing(file: string): string | undefined {
  return existsSync(file) ? undefined : `${file} does not exist: npm run build`
}

/** Writes the configuration of a gateway whose one route leads `to`. */
async function prepare({ directory, certFile, keyFile }: Setting, to: string) {
  const port = await freePort()
  const config = `${directory}/postern.yaml`
  const stateDirectory = mkdtempSync(`${directory}/state-`)
  writeFileSync(
    config,
    `address: 127.0.0.1:${port}
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
