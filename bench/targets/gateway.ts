import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'

import { authority } from '../endpoint.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startServer } from '../processes.ts'
import type { Target } from '../target.ts'

const root = new URL('../..', import.meta.url).pathname
const built = `${root}dist/postern.js`
const source = `${root}src/cli/main.ts`

/**
 * The product, with one public route and the log at `warn`.
 *
 * `file` is the program to run; by default the build when there is one, else the source.
 * `nodeArgs` go to Node before it, such as `--cpu-prof`.
 */
export function gateway(
  file = existsSync(built) ? built : source,
  nodeArgs: string[] = [],
): Target {
  return {
    name: 'gateway',
    protocols: ['http/1.1', 'h2', 'websocket'],
    missing: () => (existsSync(file) ? undefined : `${file} does not exist: npm run build`),
    async start({ upstreamPort, directory, certFile, keyFile }) {
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
    to: tcp://127.0.0.1:${upstreamPort}
    allow_public_unauthenticated_access: true
`,
      )
      const args = [...nodeArgs, file, 'gateway', '-c', config]
      return { port, ...(await startServer(process.execPath, args, port)) }
    },
  }
}
