import { PeerError } from '../errors.ts'
import { didYouMean } from '../spelling.ts'

/** What of a foreign text a sentence repeats. */
const shownCharacters = 80

export function tunnelNotFound(nameOrId: string, names: readonly string[]): PeerError {
  return new PeerError('tunnel-not-found', `there is no tunnel "${shown(nameOrId)}"`, {
    hint:
      didYouMean(nameOrId, names) ??
      'see "postern tunnel list", or make one with "postern tunnel create"',
  })
}

export function siteNotFound(site: string, names: readonly string[]): PeerError {
  return new PeerError('site-not-found', `the gateway has no site "${shown(site)}"`, {
    hint: didYouMean(site, names) ?? 'add it to "sites" of the configuration',
  })
}

export function tunnelExists(name: string): PeerError {
  return new PeerError('tunnel-exists', `there is a tunnel "${name}" already`, {
    hint: 'choose another name, or delete that one with "postern tunnel delete"',
  })
}

export function tunnelNameReserved(name: string): PeerError {
  return new PeerError(
    'tunnel-name-reserved',
    `the tunnel "${name}" is one that a route of another site leads to`,
    {
      hint: 'choose another name, or have the route name a tunnel of this site by its id',
    },
  )
}

export function tooManyTunnels(whose: 'all' | 'person', max: number): PeerError {
  const text =
    whose === 'all'
      ? `this gateway has ${max} tunnels`
      : `you have made ${max} tunnels on this gateway`
  return new PeerError('too-many-named-tunnels', `${text}, and no more are kept`, {
    hint: 'delete those that nobody needs with "postern tunnel delete"',
  })
}

export function busyTunnel(name: string): PeerError {
  return new PeerError('tunnel-busy', `the tunnel "${name}" is being changed by others`, {
    hint: 'try again',
  })
}

export function invalidTunnelName(name: string): PeerError {
  return new PeerError('invalid-tunnel-name', `"${shown(name)}" cannot be the name of a tunnel`, {
    hint: 'use 1 to 64 letters, digits, ".", "_" and "-", beginning with a letter or a digit, and no UUID',
  })
}

export function invalidHostname(hostname: string): PeerError {
  return new PeerError('invalid-hostname', `"${shown(hostname)}" is not a host name to publish`, {
    hint: 'write a whole name such as tcp.site.com, without a scheme, a port or a wildcard',
  })
}

export function tooManyHostnames(max: number): PeerError {
  return new PeerError('too-many-hostnames', `a tunnel has at most ${max} host names`, {
    hint: 'make another tunnel for the others',
  })
}

export function hostnameNotFound(hostname: string): PeerError {
  return new PeerError('hostname-not-found', `"${shown(hostname)}" does not lead to this tunnel`, {
    hint: 'see "postern tunnel info"',
  })
}

export interface TunnelUse {
  readonly connections: number
  /** Those that name it, as whoever asks may be told of them. */
  readonly routes: readonly string[]
  /** How to delete it all the same. */
  readonly forceOption: string
}

export function tunnelInUse(
  name: string,
  { connections, routes, forceOption }: TunnelUse,
): PeerError {
  const of = connections === 1 ? '1 connection' : `${connections} connections`
  const uses = [
    ...(connections > 0 ? [`it has ${of} of connectors`] : []),
    ...(routes.length > 0 ? [`routes lead to it, for ${routes.join(', ')}`] : []),
  ].join(', and ')
  const code = connections > 0 ? 'tunnel-connected' : 'tunnel-in-use'
  return new PeerError(code, `the tunnel "${name}" is in use: ${uses}`, {
    hint: `${nextSteps(connections, routes)}, or delete it all the same with ${forceOption}`,
  })
}

function nextSteps(connections: number, routes: readonly string[]): string {
  if (routes.length === 0) return 'stop its connectors first'
  const away = 'have the routes led elsewhere by whoever runs the gateway'
  return connections === 0 ? away : `stop its connectors and ${away}`
}

/** Printable, whoever wrote it, and not long. */
export function shown(text: string): string {
  const clean = text.replaceAll(/[^\x20-\x7e]|"/gu, '?')
  return clean.length > shownCharacters ? `${clean.slice(0, shownCharacters)}…` : clean
}
