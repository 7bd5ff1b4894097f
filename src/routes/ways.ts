import { bracketed, formatAuthority } from '../address.ts'
import { applicationPort } from './application-port.ts'
import type { TargetPattern } from './from.ts'
import { formatTarget, parseFrom } from './from.ts'
import type { Route } from './route.ts'

/** One command line, and the program that somebody types it for. */
export interface RouteCommand {
  /** `postern` opens a local port; the others use the service. */
  readonly tool: 'postern' | 'ssh' | 'psql' | 'mysql' | 'redis-cli' | 'mstsc' | 'xfreerdp'
  /** To paste into a shell of any system: only double quotes, only where they are needed. */
  readonly command: string
}

/** How a destination of a route is reached from a terminal. */
export interface RouteWay {
  /** `host:port`, as `postern tcp` takes it once the placeholders are replaced. */
  readonly destination: string
  /** The gateway to ask, such as `https://gateway.example.com`. */
  readonly gateway: string
  /** Words that stand for what the route leaves open: `NAME` for a star, `PORT` for any port. */
  readonly placeholders: readonly string[]
  /** `postern tcp` with a local port that the system chooses. */
  readonly connect: string
  /** In the order in which they are typed; the last ones are alternatives where the tool differs. */
  readonly commands: readonly RouteCommand[]
}

/** Added to the service's port for a local one: its own may belong to a server of this machine. */
const localPortOffset = 10_000

/** The tools that use a local port, by the port a service usually has. */
const toolsByPort: Readonly<Record<number, (port: number, host: string) => RouteCommand[]>> = {
  // `host` is what the server's certificate is checked against, `hostaddr` where to connect.
  5432: (port, host) => [
    { tool: 'psql', command: `psql "host=${host} hostaddr=127.0.0.1 port=${port}"` },
  ],
  // Not `localhost`: the client takes that for its Unix socket.
  3306: (port) => [{ tool: 'mysql', command: `mysql --host=127.0.0.1 --port=${port}` }],
  6379: (port) => [{ tool: 'redis-cli', command: `redis-cli -h 127.0.0.1 -p ${port}` }],
  3389: (port) => [
    { tool: 'mstsc', command: `mstsc /v:127.0.0.1:${port}` },
    { tool: 'xfreerdp', command: `xfreerdp /v:127.0.0.1:${port}` },
  ],
}

/**
 * The ways to a route, one for each destination in its `from`. The tool is guessed from the port that
 * people ask for; every other port gets a plain `postern tcp`. `gateway` is where this gateway is
 * reached, which a route of the extended form overrides.
 *
 * @throws {TypeError} for a `from` that was never checked
 */
export function waysTo(
  route: Pick<Route, 'from'> & Partial<Pick<Route, 'isApplication'>>,
  gateway: string,
): readonly RouteWay[] {
  const from = parseFrom(route.from)
  if ('fault' in from) throw new TypeError(`route from: ${from.fault}`)
  const at = from.gateway === undefined ? gateway : `https://${from.gateway.replace(/:443$/, '')}`
  const way = route.isApplication === true ? applicationWayTo : wayTo
  return from.targets.map((target) => way(target, at))
}

/** A local port for what may be anything: the one of the examples of `cloudflared`. */
const examplePort = 9210

/** An application is asked for by its host name alone, which leads to the gateway. */
function applicationWayTo({ host: pattern }: TargetPattern, gateway: string): RouteWay {
  const host = pattern.replaceAll('*', 'NAME')
  const { port } = new URL(gateway)
  const place = port === '' ? host : `${host}:${port}`
  const connect = `postern access tcp --hostname ${quoted(place)} --url localhost:${examplePort}`
  return {
    destination: formatAuthority({ host, port: applicationPort }),
    gateway,
    placeholders: pattern.includes('*') ? ['NAME'] : [],
    connect,
    commands: [{ tool: 'postern', command: connect }],
  }
}

function wayTo(target: TargetPattern, gateway: string): RouteWay {
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
  const commands = commandsFor(destination, host, target.port, option)
  return { destination, gateway, placeholders, connect, commands }
}

/** Left out where `postern tcp` finds the gateway by itself: on port 443 of the destination's host. */
function gatewayOption(gateway: string, host: string): string {
  return gateway === `https://${bracketed(host)}` ? '' : ` --gateway ${quoted(gateway)}`
}

function commandsFor(
  destination: string,
  host: string,
  port: number | undefined,
  option: string,
): readonly RouteCommand[] {
  if (port === 22) {
    const asked = host.includes(':') ? '[%h]:%p' : '%h:%p'
    const proxy = `postern tcp${option.replaceAll('"', '')} --listen - ${asked}`
    return [{ tool: 'ssh', command: `ssh -o "ProxyCommand=${proxy}" ${host}` }]
  }
  const tools = port === undefined ? undefined : toolsByPort[port]
  if (port === undefined || tools === undefined) {
    return [{ tool: 'postern', command: `postern tcp${option} ${quoted(destination)}` }]
  }
  const localPort = port + localPortOffset
  const listen = `postern tcp${option} --listen 127.0.0.1:${localPort} ${quoted(destination)}`
  return [{ tool: 'postern', command: listen }, ...tools(localPort, host)]
}

/** Hosts, ports and origins hold nothing that a shell would read, but for the brackets of IPv6. */
export function quoted(word: string): string {
  return /[[\]]/.test(word) ? `"${word}"` : word
}
