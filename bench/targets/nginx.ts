import { existsSync, writeFileSync } from 'node:fs'

import { freePort } from '../../src/net/free-port.fixture.ts'
import { startServer } from '../processes.ts'
import type { Target } from '../target.ts'
import { findProgram } from './programs.ts'

/** Debian has the stream module in a file of its own; elsewhere it is compiled in. */
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so'

/** nginx `stream` with TLS from the client, one worker. */
export const nginx: Target = {
  name: 'nginx',
  protocols: ['tls'],
  missing: () => (findProgram('nginx') === undefined ? 'nginx is not installed' : undefined),
  async start({ upstreamPort, directory, certFile, keyFile }) {
    const port = await freePort()
    const file = `${directory}/nginx.conf`
    writeFileSync(
      file,
      `${existsSync(streamModule) ? `load_module ${streamModule};` : ''}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
stream {
  access_log off;
  server {
    listen 127.0.0.1:${port} ssl backlog=4096;
    ssl_certificate ${certFile};
    ssl_certificate_key ${keyFile};
    ssl_protocols TLSv1.3;
    proxy_pass 127.0.0.1:${upstreamPort};
  }
}
`,
    )
    const args = ['-p', directory, '-e', 'stderr', '-c', file]
    return { port, ...(await startServer(findProgram('nginx') ?? 'nginx', args, port)) }
  },
}
