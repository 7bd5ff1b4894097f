import { bracketed, formatAuthority, parseHost, parsePort, withoutRootDot } from '../../address.ts'
import { parseGatewayUrl, type GatewayAddress } from '../../reach/destination.ts'

/** What a route answers to, as a gateway says in `from`. */
export interface RouteTarget {
  /** Lower case; `*` stands for one or more characters. */
  readonly host: string
  /** Undefined for any port. */
  readonly port: number | undefined
  /** The gateway to ask: the one that listed the route, unless the route names another. */
  readonly gateway: GatewayAddress
}

/**
 * Parses the `from` of a TCP route: `tcp+https://HOST[:PORT]`, or the extended
 * `tcp+https://GATEWAY/HOST:PORT[/HOST:PORT…]`. Undefined for everything else. What it answers consists
 * of letters, digits, dots, hyphens, underscores, colons and stars: nothing that another program would
 * take for more than a name.
 */
export function parseRouteFrom(
  from: string,
  listedBy: GatewayAddress,
): readonly RouteTarget[] | undefined {
  const [, first, path = ''] = /^tcp\+https:\/\/([^/?#@]+)((?:\/[^/?#@]+)*)\/?$/i.exec(from) ?? []
  if (first === undefined) return undefined
  const rest = path.split('/').slice(1)
  const gateway = rest.length === 0 ? listedBy : parseGateway(first)
  const targets = (rest.length === 0 ? [first] : rest).map(parseTarget)
  if (gateway === undefined || !targets.every((target) => target !== undefined)) return undefined
  return targets.map((target) => ({ ...target, gateway }))
}

/** A target as `postern tcp` takes it once a star or a missing port is filled in. */
export function formatRouteTarget(
  { host, port, gateway }: RouteTarget,
  listedBy: GatewayAddress,
): string {
  const name = port === undefined ? bracketed(host) : formatAuthority({ host, port })
  return gateway.origin === listedBy.origin ? name : `${gateway.origin}/${name}`
}

function parseGateway(text: string): GatewayAddress | undefined {
  try {
    return parseGatewayUrl(`https://${text}`)
  } catch {
    return undefined
  }
}

function parseTarget(text: string): Pick<RouteTarget, 'host' | 'port'> | undefined {
  const [, hostText = '', portText] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text) ?? []
  const port = portText === undefined ? undefined : parsePort(portText)
  if (portText !== undefined && port === undefined) return undefined
  // A pattern is valid if it is a host once each star is replaced by a letter.
  const host = hostText.includes('*')
    ? parseHost(hostText.replaceAll(/\*+/g, 'x')) &&
      withoutRootDot(hostText.replaceAll(/\*+/g, '*').toLowerCase())
    : parseHost(hostText)
  return host === undefined ? undefined : { host, port }
}
