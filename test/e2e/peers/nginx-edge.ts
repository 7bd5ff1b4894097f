import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificateAuthority } from '../../../src/net/certificate.ts'
import { startChild } from '../child.ts'
import { program } from '../peers.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'

/** An edge that ends TLS with a certificate of its own. */
export interface HttpEdge {
  readonly origin: string
  /** The authority of its certificate, PEM. */
  readonly caFile: string
}

/**
 * Starts nginx as an HTTP reverse proxy before a gateway, with the lines that its manual gives for
 * WebSockets. It answers CONNECT itself.
 *
 * @see https://nginx.org/en/docs/http/websocket.html
 */
export async function startNginxEdge(
  scope: Scope,
  { port, gateway, isHttp2 }: { port: number; gateway: number; isHttp2: boolean },
): Promise<HttpEdge> {
  const directory = join(scope.directory, 'edge')
  await mkdir(directory)
  const file = (name: string): string => join(directory, name)
  const authority = await createCertificateAuthority({ name: 'Edge CA' })
  const { cert, key } = await authority.issue(['localhost', '*.site.com'])
  await writeFile(file('ca.pem'), authority.cert)
  await writeFile(file('cert.pem'), cert)
  await writeFile(file('key.pem'), key, { mode: 0o600 })
  await writeFile(
    file('nginx.conf'),
    `daemon off;
master_process off;
worker_processes 1;
pid ${file('nginx.pid')};
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log ${file('access.log')};
  client_body_temp_path ${file('body')};
  proxy_temp_path ${file('proxy')};
  fastcgi_temp_path ${file('fastcgi')};
  uwsgi_temp_path ${file('uwsgi')};
  scgi_temp_path ${file('scgi')};
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
  }
  server {
    listen 127.0.0.1:${port} ssl${isHttp2 ? ' http2' : ''};
    ssl_certificate ${file('cert.pem')};
    ssl_certificate_key ${file('key.pem')};
    location / {
      proxy_pass https://127.0.0.1:${gateway};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`,
  )
  const args = ['-p', directory, '-e', 'stderr', '-c', file('nginx.conf')]
  await untilListening(port, startChild(scope, program('nginx'), args))
  return { origin: `https://localhost:${port}`, caFile: file('ca.pem') }
}
