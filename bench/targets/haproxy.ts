import { writeFileSync } from 'node:fs'

import { freePort } from '../../src/net/free-port.fixture.ts'
import { startServer } from '../processes.ts'
import type { Target } from '../target.ts'
import { findProgram } from './programs.ts'

/** HAProxy in TCP mode with TLS from the client, one thread. */
export const haproxy: Target = {
  name: 'haproxy',
  protocols: ['tls'],
  missing: () => (findProgram('haproxy') === undefined ? 'haproxy is not installed' : undefined),
  async start({ upstreamPort, directory, bundleFile }) {
    const port = await freePort()
    const file = `${directory}/haproxy.cfg`
    writeFileSync(
      file,
      `global
  nbthread 1
  maxconn 8192
  ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend tls
  bind 127.0.0.1:${port} ssl crt ${bundleFile} backlog 4096
  default_backend upstream
backend upstream
  server upstream 127.0.0.1:${upstreamPort}
`,
    )
    const args = ['-db', '-f', file]
    return { port, ...(await startServer(findProgram('haproxy') ?? 'haproxy', args, port)) }
  },
}
