import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startChild } from './child.ts'
import { peerTest, program, type Peer } from './peers.ts'
import { personAt } from './person.ts'
import { untilListening } from './ports.ts'
import { alice, route, startRig } from './rig.ts'
import type { Scope } from './scope.ts'

const target = 'who.example.com:7'
/** What the edge says the client's address is; in a range for documentation (RFC 5737). */
const clientIp = '203.0.113.7'

/** A service that answers everybody with what it took from the PROXY header; resolves to its port. */
type StartService = (scope: Scope) => Promise<number>

/** `question` is what a client has to say before it is answered. */
const services: readonly [Peer, StartService, string][] = [
  ['nginx', startNginx, ''],
  ['HAProxy', startHaproxyService, 'GET / HTTP/1.0\r\n\r\n'],
]

describe('upstream_proxy_protocol', () => {
  for (const [peer, startService, question] of services) {
    for (const version of ['v1', 'v2']) {
      peerTest(
        `${peer} takes the address of the client from our header, ${version}`,
        [peer, 'HAProxy'],
        async (scope) => {
          const service = await startService(scope)
          const entry = { ...route(target, service), upstream_proxy_protocol: version }
          const settings = { use_proxy_protocol: 'optional', proxy_protocol_from: ['127.0.0.1'] }
          const rig = await startRig(scope, [entry], settings)
          // The sign-in comes without a header, the tunnel with one.
          const person = await personAt(scope, rig, alice)
          const direct = await person.pipe(target, question)
          assert.match(direct.output, /^(?:HTTP[^]*\r\n\r\n)?127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+\n$/)
          const edge = await startEdge(scope, rig.port)
          const options = ['--gateway', `https://localhost:${edge}`]
          const behind = await person.pipe(target, question, ...options)
          const seen = behind.output.trimEnd().split(/\s+/).slice(-4)
          assert.deepEqual([seen[0], seen[2], seen[3]], [clientIp, '127.0.0.1', String(edge)])
        },
      )
    }
  }
})

async function startNginx(scope: Scope): Promise<number> {
  const port = await freePort()
  const path = join(scope.directory, 'nginx.conf')
  await writeFile(
    path,
    `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid ${scope.directory}/nginx.pid;
error_log stderr;
events {}
stream {
  server {
    listen 127.0.0.1:${port} proxy_protocol;
    return "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port\\n";
  }
}
`,
  )
  const args = ['-p', scope.directory, '-e', 'stderr', '-c', path]
  await untilListening(port, startChild(scope, program('nginx'), args))
  return port
}

function startHaproxyService(scope: Scope): Promise<number> {
  return startHaproxy(scope, 'service', (port) => [
    'mode http',
    `bind 127.0.0.1:${port} accept-proxy`,
    'http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]\\n"',
  ])
}

/** A TCP load balancer before the gateway, which says that everybody comes from `clientIp`. */
function startEdge(scope: Scope, gateway: number): Promise<number> {
  return startHaproxy(scope, 'edge', (port) => [
    'mode tcp',
    `bind 127.0.0.1:${port}`,
    `tcp-request connection set-src ipv4(${clientIp})`,
    `server gateway 127.0.0.1:${gateway} send-proxy-v2`,
  ])
}

async function startHaproxy(
  scope: Scope,
  name: string,
  lines: (port: number) => readonly string[],
): Promise<number> {
  const port = await freePort()
  const path = join(scope.directory, `${name}.cfg`)
  const timeouts = ['timeout connect 5s', 'timeout client 1m', 'timeout server 1m']
  const text = ['defaults', ...timeouts, `listen ${name}`, ...lines(port), '']
  await writeFile(path, text.join('\n'))
  const child = startChild(scope, program('haproxy'), ['-db', '-q', '-f', path])
  await untilListening(port, child)
  return port
}
