import { formatAuthority } from '../address.ts'
import { applicationPort } from './application-port.ts'
import type { TargetPattern } from './from.ts'
import { localPortFor, quoted, toolsOf, type RouteCommand, type RouteWay } from './route-way.ts'
import type { UpstreamWay } from './upstream-way.ts'

/** A local port for what may be anything: the one of the examples of `cloudflared`. */
const examplePort = 9210

/**
 * An application is asked for by its host name alone, which leads to the gateway. The tool is guessed from the
 * port of its service, where the configuration says that.
 */
export function applicationWayTo(
  { host: pattern }: TargetPattern,
  gateway: string,
  way: UpstreamWay | undefined,
): RouteWay {
  const host = pattern.replaceAll('*', 'NAME')
  const { port } = new URL(gateway)
  const place = quoted(port === '' ? host : `${host}:${port}`)
  const isBastion = way?.kind === 'connector' && way.isBastion === true
  const service = way && servicePort(way)
  const listen = (protocol: 'tcp' | 'rdp', localPort = examplePort): string => {
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
