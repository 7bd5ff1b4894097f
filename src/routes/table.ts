import type { HostPort } from '../address.ts'
import { formatTarget, parseFrom } from './from.ts'
import type { From, TargetPattern } from './from.ts'
import { applicationPort } from './application-port.ts'
import type { Route } from './route.ts'

/** Every route, ready to be asked for. A change makes a new one: see `register.ts`. */
export interface RouteTable {
  /** As they were given. */
  readonly routes: readonly Route[]
  /** The route that a CONNECT authority belongs to, or undefined when there is none. */
  match(authority: HostPort): Route | undefined
  /** The application at this host: the route that its port 443 belongs to, where that is one. */
  applicationAt(host: string): Route | undefined
  /** The ports on which some route answers to this host, lowest first. */
  portsOf(host: string): readonly number[]
}

interface WildcardTarget extends TargetPattern {
  readonly route: Route
}

/**
 * Makes the table (reference 3.2): an exact host and port first, then the host with any port, then
 * wildcards in the order of their `from`, those of the configuration file before stored ones. The first route with a
 * target keeps it.
 *
 * @throws {TypeError} for a `from` that was never checked
 */
export function createRouteTable(routes: readonly Route[]): RouteTable {
  const exact = new Map<string, Route>()
  const portsByHost = new Map<string, Set<number>>()
  const wildcards: WildcardTarget[] = []
  for (const route of routes) {
    for (const target of checkedFrom(route).targets) {
      if (target.host.includes('*')) wildcards.push({ ...target, route })
      else {
        const key = formatTarget(target)
        addPort(portsByHost, target)
        if (!exact.has(key)) exact.set(key, route)
      }
    }
  }
  wildcards.sort((a, b) => rank(a.route) - rank(b.route) || compareText(a.route.from, b.route.from))

  function match({ host, port }: HostPort): Route | undefined {
    const name = host.toLowerCase()
    return (
      exact.get(formatTarget({ host: name, port })) ??
      exact.get(formatTarget({ host: name, port: undefined })) ??
      wildcards.find((target) => matchesTarget(target, name, port))?.route
    )
  }

  return {
    routes,
    match,
    applicationAt(host) {
      const route = match({ host, port: applicationPort })
      return route?.isApplication === true ? route : undefined
    },
    portsOf(host) {
      const name = host.toLowerCase()
      const ports = new Set(portsByHost.get(name))
      for (const target of wildcards) {
        if (target.port !== undefined && matchesWildcard(target.host, name)) ports.add(target.port)
      }
      return [...ports].sort((a, b) => a - b)
    },
  }
}

/** A wildcard of the store takes nothing from one of the file, whichever comes first in the alphabet. */
function rank({ isStored }: Route): number {
  return isStored === true ? 1 : 0
}

/** A target without a port is left out: on its host nobody asks for a wrong port, since every port matches. */
function addPort(portsByHost: Map<string, Set<number>>, { host, port }: TargetPattern): void {
  if (port === undefined) return
  const ports = portsByHost.get(host) ?? new Set()
  portsByHost.set(host, ports.add(port))
}

/** Whether every authority of the second target belongs to the first as well. */
export function coversTarget(first: TargetPattern, second: TargetPattern): boolean {
  if (first.port !== undefined && first.port !== second.port) return false
  // A star of the second is, to the first, a character like any other.
  return first.host === second.host || matchesWildcard(first.host, second.host)
}

/** By code point, as Pomerium's order of `from` is: the same on every machine. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** A change of one route makes a table of them all: parsing each `from` again is most of what that costs. */
const parsedFroms = new WeakMap<Route, From>()

function checkedFrom(route: Route): From {
  const from = parsedFroms.get(route) ?? parseFrom(route.from)
  if ('fault' in from) throw new TypeError(`route from: ${from.fault}`)
  parsedFroms.set(route, from)
  return from
}

function matchesTarget(target: TargetPattern, host: string, port: number): boolean {
  return (target.port === undefined || target.port === port) && matchesWildcard(target.host, host)
}

/**
 * Whether a text matches a pattern in which each `*` stands for one or more characters of any kind,
 * dots included (reference 3.2.3). Everything else stands for itself.
 *
 * The parts between the stars are searched for from left to right, each as early as it can be: an
 * earlier place never leaves less for the rest, so that nothing has to be tried twice and a pattern
 * cannot make the search explode, as a regular expression could.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  // Of most pairs of thousands this is all that is looked at.
  if (!text.endsWith(pattern.slice(pattern.lastIndexOf('*') + 1))) return false
  const [prefix = '', ...parts] = pattern.split(/\*+/)
  const suffix = parts.pop()
  if (suffix === undefined) return pattern === text
  if (!text.startsWith(prefix)) return false
  let at = prefix.length
  for (const part of parts) {
    const found = text.indexOf(part, at + 1)
    if (found === -1) return false
    at = found + part.length
  }
  return text.length > at + suffix.length && text.endsWith(suffix)
}
