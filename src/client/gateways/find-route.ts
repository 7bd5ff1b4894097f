import { formatAuthority, type HostPort } from '../../address.ts'
import { SystemError } from '../../errors.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import { didYouMean } from '../../spelling.ts'
import { parseRouteFrom, type RouteTarget } from '../routes/route-target.ts'
import type { KeptRoute } from './kept-routes.ts'

/** Whether one of the routes answers to a host and port. */
export function hasDestination(
  routes: readonly KeptRoute[],
  target: HostPort,
  gateway: GatewayAddress,
): boolean {
  return routes.some(({ from }) =>
    parseRouteFrom(from, gateway)?.some((of) => answersTo(of, target)),
  )
}

/**
 * The `host:port` of the route with this name; undefined where there is none.
 *
 * @throws SystemError `route-ambiguous` where it is not one `host:port`, `route-unsupported` where it is no TCP route
 */
export function authorityOfName(
  routes: readonly KeptRoute[],
  name: string,
  gateway: GatewayAddress,
): string | undefined {
  const found = routes.filter((route) => route.name === name)
  if (found.length === 0) return undefined
  const targets = found.flatMap(({ from }) => parseRouteFrom(from, gateway) ?? [])
  const whole = [...new Set(targets.map(wholeAuthority))]
  const [only] = whole
  if (whole.length === 1 && only !== undefined) return only
  if (targets.length === 0) {
    throw new SystemError('route-unsupported', `the route "${name}" is not of TCP`, {
      hint: 'open it with a browser',
    })
  }
  throw ambiguous(name, targets.map(writtenTarget))
}

/** The error for a name that no route has; `known` are the names there are. */
export function routeUnknown(name: string, known: Iterable<string>, gateway: string): SystemError {
  const hint =
    didYouMean(name, known) ?? 'see "postern routes list", or write "host:port" of the route'
  return new SystemError('route-unknown', `no route of "${gateway}" is named "${name}"`, { hint })
}

/** The error for a name that does not say which `host:port` is meant. */
export function ambiguous(name: string, instead: readonly string[]): SystemError {
  const most = instead.slice(0, maxInstead).map((text) => `"${text}"`)
  const isPattern = instead.length === 1
  const message = isPattern
    ? `the route "${name}" is for more than one destination`
    : `"${name}" may mean more than one destination`
  return new SystemError('route-ambiguous', message, {
    hint: isPattern ? `write one that is like ${most.join('')}` : `write one of ${most.join(', ')}`,
  })
}

/**
 * How many a hint names.
 *
 * @limit destinations that are named where the name of a route says too little: the others are left out
 */
const maxInstead = 5

function answersTo({ host, port }: RouteTarget, target: HostPort): boolean {
  if (port !== undefined && port !== target.port) return false
  if (!host.includes('*')) return host === target.host
  return matchesPattern(host, target.host)
}

/** `*` is one or more characters. Without a regular expression: a gateway wrote the pattern. */
function matchesPattern(pattern: string, host: string): boolean {
  const parts = pattern.split('*')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (!host.startsWith(first) || !host.endsWith(last)) return false
  const end = host.length - last.length
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = host.indexOf(part, at + 1)
    if (found === -1) return false
    at = found + part.length
  }
  return at < end
}

function wholeAuthority({ host, port }: RouteTarget): string | undefined {
  return port === undefined || host.includes('*') ? undefined : formatAuthority({ host, port })
}

function writtenTarget(target: RouteTarget): string {
  return `${target.host}:${target.port ?? 'PORT'}`
}
