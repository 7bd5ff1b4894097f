import { formatAuthority } from '../address.ts'
import { applicationPort } from './application-port.ts'
import type { TargetPattern } from './from.ts'
import { localPortFor, quoted, toolsOf, type RouteCommand, type RouteWay } from './route-way.ts'
import type { UpstreamWay } from './upstream-way.ts'

/** Below those that systems give to outgoing connections, and above those of the tools. */
const localPorts = { first: 20_000, count: 10_000 }

/**
 * A local port for what may be anything: always the same for a name, and another for nearly every other one, so
 * that the commands of several run beside each other.
 */
export function localPortOf(hostname: string): number {
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(hostname)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return localPorts.first + (hash % localPorts.count)
}

/**
 * An application is asked for by its host name alone, which leads to the gateway. The tool is guessed from the
 * port of its service, where the configuration says that, or else its connector.
 */
export function applicationWayTo(
  { host: pattern }: TargetPattern,
  gateway: string,
  way: UpstreamWay | undefined,
  offeredPort?: number,
): RouteWay {
  const host = pattern.replaceAll('*', 'NAME')
  const { port } = new URL(gateway)
  const place = quoted(port === '' ? host : `${host}:${port}`)
  const isBastion = way?.kind === 'connector' && way.isBastion === true
  const service = (way && servicePort(way)) ?? offeredPort
  const listen = (protocol: 'tcp' | 'rdp', localPort = localPortOf(host)): string => {
    const named = isBastion ? ' --destination HOST:PORT' : ''
    return `postern access ${protocol} --hostname ${place}${named} --url localhost:${localPort}`
  }
  return {
    destination: formatAuthority({ host, port: applicationPort }),
    gateway,
    placeholders: [
      ...(pattern.includes('*') ? ['NAME'] : []),
      ...(isBastion ? ['HOST', 'PORT'] : []),
    ],
    connect: listen('tcp'),
    commands: commandsFor(service, host, place, listen),
  }
}

function commandsFor(
  service: number | undefined,
  host: string,
  place: string,
  listen: (protocol: 'tcp' | 'rdp', localPort?: number) => string,
): readonly RouteCommand[] {
  if (service === 22) {
    const proxy = `postern access ssh --hostname ${place}`
    return [{ tool: 'ssh', command: `ssh -o "ProxyCommand=${proxy}" ${host}` }]
  }
  const command = listen(service === 3389 ? 'rdp' : 'tcp', localPortFor(service))
  return [{ tool: 'postern', command }, ...toolsOf(service, host)]
}

/** The port of the service, where all that it may be have the same. */
function servicePort(way: UpstreamWay): number | undefined {
  if (way.kind === 'connector') return way.service?.port
  const [port, ...others] = new Set(way.kind === 'direct' ? way.to.map((to) => to.port) : [])
  return others.length === 0 ? port : undefined
}
