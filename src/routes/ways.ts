import { bracketed } from '../address.ts'
import { quoted } from '../service-tools.ts'
import { applicationWayTo } from './application-ways.ts'
import type { TargetPattern } from './from.ts'
import { formatTarget, parseFrom } from './from.ts'
import { createLocalPorts, type LocalPorts } from './local-ports.ts'
import type { Route } from './route.ts'
import { familiarPortOf, toolsOf, type RouteCommand, type RouteWay } from './route-way.ts'

export interface WaysOptions {
  /** Of the list that the route is shown in. **Default:** it is the only one */
  readonly localPorts?: LocalPorts
  /** The port of its service by the word of its connector, where the route does not say it. */
  readonly offeredPort?: number | undefined
}

/**
 * The ways to a route, one for each destination in its `from`. The tool is guessed from the port that
 * people ask for; every other port gets a plain `postern tcp`. `gateway` is where this gateway is
 * reached, which a route of the extended form overrides.
 *
 * @throws {TypeError} for a `from` that was never checked
 */
export function waysTo(
  route: Pick<Route, 'from'> & Partial<Pick<Route, 'isApplication' | 'way'>>,
  gateway: string,
  { localPorts = createLocalPorts(), offeredPort }: WaysOptions = {},
): readonly RouteWay[] {
  const from = parseFrom(route.from)
  if ('fault' in from) throw new TypeError(`route from: ${from.fault}`)
  const at = from.gateway === undefined ? gateway : `https://${from.gateway.replace(/:443$/, '')}`
  return from.targets.map((target) =>
    route.isApplication === true
      ? applicationWayTo(target, at, { way: route.way, localPorts, offeredPort })
      : wayTo(target, at, localPorts),
  )
}

function wayTo(target: TargetPattern, gateway: string, localPorts: LocalPorts): RouteWay {
  // One word for all stars: whoever knows the route knows what they stand for.
  const host = target.host.replaceAll('*', 'NAME')
  const hasStar = target.host.includes('*')
  const placeholders = [
    ...(hasStar ? ['NAME'] : []),
    ...(target.port === undefined ? ['PORT'] : []),
  ]
  const destination =
    target.port === undefined
      ? `${bracketed(host)}:PORT`
      : formatTarget({ host, port: target.port })
  const option = gatewayOption(gateway, host)
  const connect = `postern tcp${option} ${quoted(destination)}`
  const familiar = familiarPortOf(target.port)
  const isKnown = familiar !== undefined || target.port === 22
  const open = isKnown ? `postern connect${option} ${quoted(destination)}` : undefined
  const localPort = familiar && localPorts.take(destination, familiar)
  const commands = commandsFor({ destination, host, port: target.port, option, localPort })
  return { destination, gateway, placeholders, ...(open && { open }), connect, commands }
}

/** Left out where `postern tcp` finds the gateway by itself: on port 443 of the destination's host. */
function gatewayOption(gateway: string, host: string): string {
  return gateway === `https://${bracketed(host)}` ? '' : ` --gateway ${quoted(gateway)}`
}

interface Asked {
  readonly destination: string
  readonly host: string
  readonly port: number | undefined
  /** Names the gateway, where that is needed. */
  readonly option: string
  /** Undefined where no tool is known. */
  readonly localPort: number | undefined
}

function commandsFor(asked: Asked): readonly RouteCommand[] {
  const { destination, host, port, option, localPort } = asked
  if (port === 22) {
    const name = host.includes(':') ? '[%h]:%p' : '%h:%p'
    const proxy = `postern tcp${option.replaceAll('"', '')} --listen - ${name}`
    return [{ tool: 'ssh', command: `ssh -o "ProxyCommand=${proxy}" ${host}` }]
  }
  if (localPort === undefined) {
    return [{ tool: 'postern', command: `postern tcp${option} ${quoted(destination)}` }]
  }
  const listen = `postern tcp${option} --listen 127.0.0.1:${localPort} ${quoted(destination)}`
  return [{ tool: 'postern', command: listen }, ...toolsOf(port, localPort, host)]
}
