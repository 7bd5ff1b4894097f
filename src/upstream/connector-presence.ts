import { UpstreamError } from '../errors.ts'
import type { Link } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import { serviceFor, targetOf } from '../links/offered-service.ts'
import { connectorAway } from '../links/register.ts'
import { parseFrom } from '../routes/from.ts'
import type { Route } from '../routes/route.ts'
import type { ConnectorWay } from '../routes/upstream-way.ts'

type Seen = Pick<Route, 'way' | 'from'>

/**
 * Whether a route leads through connectors of which none is here. Where it names no tunnel, and a wildcard stands
 * for names that may each have one, nobody knows: it is not.
 */
export function isOffline({ way, from }: Seen, links: Pick<Links, 'toward'>): boolean {
  if (way.kind !== 'connector') return false
  const hosts = hostsOf(from)
  const isKnown = (host: string): boolean => way.tunnel !== undefined || !host.includes('*')
  return (
    hosts.length > 0 && hosts.every((host) => isKnown(host) && linksTo(way, host, links) === 'away')
  )
}

/**
 * The port of the service to which a route leads by the rules of a connector that is here, as it says itself;
 * undefined where nobody says, or the names of a wildcard may each have another. For the tool that people need,
 * and for nothing that matters.
 */
export function offeredPort({ way, from }: Seen, links: Pick<Links, 'toward'>): number | undefined {
  if (way.kind !== 'connector' || way.service !== undefined || way.isBastion) return undefined
  const [host, ...others] = hostsOf(from)
  if (host === undefined || others.length > 0 || host.includes('*')) return undefined
  const here = linksTo(way, host, links)
  const rules = here === 'away' ? [] : here.map(({ services = [] }) => serviceFor(services, host))
  const rule = rules.find((it) => it !== undefined)
  return rule && targetOf(rule)?.port
}

function hostsOf(from: string): readonly string[] {
  const parsed = parseFrom(from)
  return 'fault' in parsed ? [] : parsed.targets.map(({ host }) => host)
}

/** The connections that a host leads to; `away` where there could be some. */
function linksTo(
  way: ConnectorWay,
  host: string,
  links: Pick<Links, 'toward'>,
): readonly Link[] | 'away' {
  try {
    return links.toward(way, host)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    return connectorAway.has(error.code) ? 'away' : []
  }
}
