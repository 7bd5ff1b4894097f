import { formatAuthority } from '../address.ts'
import { quoted } from '../service-tools.ts'
import { applicationPort } from './application-port.ts'
import type { TargetPattern } from './from.ts'
import type { LocalPorts } from './local-ports.ts'
import { familiarPortOf, toolsOf, type RouteCommand, type RouteWay } from './route-way.ts'
import type { UpstreamWay } from './upstream-way.ts'

interface ApplicationWayOptions {
  readonly way: UpstreamWay | undefined
  readonly localPorts: LocalPorts
  /** As its connector says it. */
  readonly offeredPort: number | undefined
}

/**
 * An application is asked for by its host name alone, which leads to the gateway. The tool is guessed from the
 * port of its service, where the configuration says that, or else its connector. The local port goes by the
 * configuration alone: connectors come and go, and would move it, and those of others, each time.
 */
export function applicationWayTo(
  { host: pattern }: TargetPattern,
  gateway: string,
  { way, localPorts, offeredPort }: ApplicationWayOptions,
): RouteWay {
  const host = pattern.replaceAll('*', 'NAME')
  const { port } = new URL(gateway)
  const place = quoted(port === '' ? host : `${host}:${port}`)
  const isBastion = way?.kind === 'connector' && way.isBastion === true
  const configured = way && servicePort(way)
  const service = configured ?? offeredPort
  const localPort = localPorts.take(host, familiarPortOf(configured))
  const named = isBastion ? ' --destination HOST:PORT' : ''
  const listen = (protocol: 'tcp' | 'rdp'): string =>
    `postern access ${protocol} --hostname ${place}${named} --url localhost:${localPort}`
  return {
    destination: formatAuthority({ host, port: applicationPort }),
    gateway,
    placeholders: [
      ...(pattern.includes('*') ? ['NAME'] : []),
      ...(isBastion ? ['HOST', 'PORT'] : []),
    ],
    connect: listen('tcp'),
    commands:
      service === 22
        ? [sshCommand(host, place)]
        : [
            { tool: 'postern', command: listen(service === 3389 ? 'rdp' : 'tcp') },
            ...toolsOf(service, localPort, host),
          ],
  }
}

function sshCommand(host: string, place: string): RouteCommand {
  const proxy = `postern access ssh --hostname ${place}`
  return { tool: 'ssh', command: `ssh -o "ProxyCommand=${proxy}" ${host}` }
}

/** The port of the service, where all that it may be have the same. */
function servicePort(way: UpstreamWay): number | undefined {
  if (way.kind === 'connector') return way.service?.port
  const [port, ...others] = new Set(way.kind === 'direct' ? way.to.map((to) => to.port) : [])
  return others.length === 0 ? port : undefined
}
