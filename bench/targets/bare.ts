import type { Protocol } from '../endpoint.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startServer } from '../processes.ts'
import type { Target } from '../target.ts'

const program = new URL('../bare-relay.ts', import.meta.url).pathname
const hopProgram = new URL('../connector-relay.ts', import.meta.url).pathname

/** Node's TLS and `pipe`: the measure of all others. */
export const bare = nodeRelay('bare', 'tls')

/** Node's HTTP/2 and `pipe`: what HTTP/2 costs whoever uses Node's. */
export const bareHttp2 = nodeRelay('bare-h2', 'h2', '--http2')

/** The same two with `net/relay.ts` for `pipe`. */
export const relayOnly = nodeRelay('relay', 'tls', '--relay')
export const relayOnlyHttp2 = nodeRelay('relay-h2', 'h2', '--http2', '--relay')

/** A hop more, in another process: through a connector's connection, and by `pipe` over TLS. */
export const connectorHop = nodeProgram(hopProgram, 'connector-hop', 'tls')
export const bareHop = nodeProgram(hopProgram, 'bare-hop', 'tls', '--bare')

function nodeRelay(name: string, protocol: Protocol, ...flags: readonly string[]): Target {
  return nodeProgram(program, name, protocol, ...flags)
}

function nodeProgram(
  file: string,
  name: string,
  protocol: Protocol,
  ...flags: readonly string[]
): Target {
  return {
    name,
    protocols: [protocol],
    missing: () => undefined,
    async start({ upstreamPort, certFile, keyFile }) {
      const port = await freePort()
      const args = [file, `${port}`, `${upstreamPort}`, certFile, keyFile, ...flags]
      return { port, ...(await startServer(process.execPath, args, port)) }
    },
  }
}
