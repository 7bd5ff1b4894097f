import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startChild } from '../e2e/child.ts'
import { startNginxEdge } from '../e2e/peers/nginx-edge.ts'
import { program } from '../e2e/peers.ts'
import { untilListening } from '../e2e/ports.ts'
import { startRig, type GatewayRig } from '../e2e/rig.ts'
import type { Scope } from '../e2e/scope.ts'
import { startService } from '../e2e/services.ts'
import { application, targets } from './gateway.ts'
import { holdTunnel, type HeldTunnel } from './held-tunnel.ts'
import { packagedTimeouts } from './packaged-timeouts.ts'
import { obey } from './service.ts'
import { kinds } from './tunnel-ways.ts'

/** One tunnel that says nothing, and what became of it. */
export interface QuietTunnel {
  readonly edge: string
  readonly kind: string
  /** When the edge ended it, in seconds after its last byte; null: it is there, and still carries what it is given. */
  readonly endedAfterSeconds: number | null
  /** When it should have been, by what the edge is documented to do. */
  readonly expectedSeconds: number | null
  readonly isAsExpected: boolean
}

interface Edge {
  readonly name: string
  readonly timeoutMs: number
  readonly port: number
  /** PEM. */
  readonly ca: string
  /** Whether it looks into HTTP, and passes WebSockets alone. */
  readonly isHttp: boolean
}

/** Without a credential: the routes are open. */
const nobody = ''
/** How much later than its timeout a busy edge may be, in seconds. */
const lateSeconds = 15
const hello = Buffer.from('still here')

/** Those of which nobody pings: CONNECT over HTTP/1.1 carries a program's bytes alone. */
const hasPings = (kind: string): boolean => !kind.startsWith('HTTP/1.1')

/** Opens tunnels through real edges with their packaged timeouts, and lets them be quiet for so long. */
export async function beQuietBehindEdges(
  scope: Scope,
  { minutes, say }: { readonly minutes: number; say(line: string): void },
): Promise<readonly QuietTunnel[]> {
  const rig = await startOpenRig(scope)
  const edges = [
    await startHaproxy(scope, rig),
    await startNginxStream(scope, rig),
    await startNginxHttp(scope, rig),
  ]
  const begun = performance.now()
  const tunnels = await Promise.all(edges.flatMap((edge) => openAll(scope, edge)))
  say(`${tunnels.length} tunnels are open, and quiet from now on`)
  await delay(Math.max(0, minutes * 60_000 - (performance.now() - begun)))
  return Promise.all(
    tunnels.map(async ({ edge, kind, quiet }) => judgeTunnel(edge, kind, await quiet.end())),
  )

  function judgeTunnel(edge: Edge, kind: string, endedMs: number | undefined): QuietTunnel {
    const isCut = !hasPings(kind) && edge.timeoutMs < minutes * 60_000
    const expectedSeconds = isCut ? edge.timeoutMs / 1_000 : null
    const endedAfterSeconds = endedMs === undefined ? null : Math.round(endedMs / 100) / 10
    const late = (endedAfterSeconds ?? Infinity) - (expectedSeconds ?? Infinity)
    const isAsExpected = Number.isNaN(late) || (late > -1 && late < lateSeconds)
    say(
      `${edge.name}, ${kind}: ${endedAfterSeconds === null ? 'there' : `ended after ${endedAfterSeconds} s`}`,
    )
    return { edge: edge.name, kind, endedAfterSeconds, expectedSeconds, isAsExpected }
  }
}

/** Every kind that leads straight to the service, at one edge. */
function openAll(
  scope: Scope,
  edge: Edge,
): Promise<{ readonly edge: Edge; readonly kind: string; readonly quiet: Quiet }>[] {
  return kinds
    .filter(
      ({ name }) => name.endsWith(', direct') && (!edge.isHttp || name.startsWith('WebSocket')),
    )
    .map(async ({ name, createClient }) => {
      const gateway = { port: edge.port, origin: `https://localhost:${edge.port}`, ca: edge.ca }
      const client = createClient(gateway, nobody)
      scope.defer(() => client.destroy())
      const stream = await client.open()
      let heardAtMs = performance.now()
      let endedMs: number | undefined
      const tunnel = holdTunnel(stream, () => undefined)
      await tunnel.exchange(hello)
      heardAtMs = performance.now()
      // An edge may end a connection in order: whoever reads it takes that for the service's.
      for (const event of ['end', 'close'] as const)
        stream.once(event, () => (endedMs ??= performance.now() - heardAtMs))
      return { edge, kind: name.replace(', direct', ''), quiet: quietOf(tunnel, () => endedMs) }
    })
}

interface Quiet {
  /** Says something again; resolves to when it had ended, in milliseconds, or to undefined once that has come back. */
  end(): Promise<number | undefined>
}

function quietOf(tunnel: HeldTunnel, endedMs: () => number | undefined): Quiet {
  return {
    async end() {
      try {
        if (endedMs() === undefined) await tunnel.exchange(hello)
      } catch (error) {
        if (endedMs() === undefined) throw error
      }
      tunnel.expectEnd()
      return endedMs()
    },
  }
}

async function startOpenRig(scope: Scope): Promise<GatewayRig> {
  const service = await startService(scope, obey)
  const to = `tcp://127.0.0.1:${service}`
  const routes = [
    {
      name: 'direct',
      from: `tcp+https://${targets.direct}`,
      to,
      allow_public_unauthenticated_access: true,
    },
  ]
  const policies = [{ action: 'bypass', include: [{ everyone: true }] }]
  return startRig(scope, routes, { access: [{ hostname: application, service: to, policies }] })
}

/** With the timeouts of the packaged file, as they stand there. */
async function startHaproxy(scope: Scope, rig: GatewayRig): Promise<Edge> {
  const packaged = await readFile('/etc/haproxy/haproxy.cfg', 'utf8')
  const timeouts = packaged.match(/^\s*timeout (?:connect|client|server)\s.*$/gm) ?? []
  const packagedMs = String(packagedTimeouts.haproxyMs)
  if (timeouts.filter((line) => line.trim().endsWith(packagedMs)).length !== 2)
    throw new Error(`the packaged timeouts are others: ${timeouts.join('; ')}`)
  const port = await freePort()
  const path = join(scope.directory, 'haproxy.cfg')
  const lines = ['defaults', '  mode tcp', ...timeouts, 'listen edge']
  const places = [`  bind 127.0.0.1:${port}`, `  server gateway 127.0.0.1:${rig.port}`]
  await writeFile(path, [...lines, ...places, ''].join('\n'))
  await untilListening(port, startChild(scope, program('haproxy'), ['-db', '-q', '-f', path]))
  const timeoutMs = packagedTimeouts.haproxyMs
  return { name: 'HAProxy, TCP', timeoutMs, port, ca: rig.ca, isHttp: false }
}

/** Without any timeout in its file: nginx's own. */
async function startNginxStream(scope: Scope, rig: GatewayRig): Promise<Edge> {
  const port = await freePort()
  const path = join(scope.directory, 'nginx-stream.conf')
  await writeFile(
    path,
    `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid ${scope.directory}/nginx-stream.pid;
error_log stderr;
events {}
stream {
  server {
    listen 127.0.0.1:${port};
    proxy_pass 127.0.0.1:${rig.port};
  }
}
`,
  )
  const args = ['-p', scope.directory, '-e', 'stderr', '-c', path]
  await untilListening(port, startChild(scope, program('nginx'), args))
  const timeoutMs = packagedTimeouts.nginxStreamMs
  return { name: 'nginx, stream', timeoutMs, port, ca: rig.ca, isHttp: false }
}

/** The same, and it ends TLS. */
async function startNginxHttp(scope: Scope, rig: GatewayRig): Promise<Edge> {
  const port = await freePort()
  const { caFile } = await startNginxEdge(scope, { port, gateway: rig.port, isHttp2: false })
  const timeoutMs = packagedTimeouts.nginxHttpMs
  return { name: 'nginx, HTTP', timeoutMs, port, ca: await readFile(caFile, 'utf8'), isHttp: true }
}
