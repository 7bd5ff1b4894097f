import { formatAuthority } from '../address.ts'
import type { HostPort } from '../address.ts'
import { membersOf } from './people.ts'

/** What is at the other end, and so which program a user points at it. */
export type RouteKind = 'echo' | 'ssh' | 'postgres' | 'own'

/** A route of the quickstart. */
export interface SampleRoute {
  readonly kind: RouteKind
  readonly name: string
  /** `host:port` that clients ask for. Needs no DNS: clients are told where the gateway is. */
  readonly authority: string
  readonly to: HostPort
  /** As in a configuration file. */
  readonly policy: Readonly<Record<string, unknown>>
  /** Who may use it, for people. */
  readonly audience: string
}

/** Where the sample services listen, on 127.0.0.1. */
export interface SamplePorts {
  readonly echo: number
  readonly ssh: number
  /** Undefined where there is no PostgreSQL at hand. */
  readonly postgres: number | undefined
}

export const echoAuthority = 'echo.example.localhost:7'
export const sshAuthority = 'ssh.example.localhost:22'
export const postgresAuthority = 'postgres.example.localhost:5432'

const signedIn = { allow_any_authenticated_user: true }
const everybody = 'everybody who has signed in'

/** The routes to the sample services, and to the user's own. */
export function sampleRoutes(ports: SamplePorts, own: readonly HostPort[]): readonly SampleRoute[] {
  const local = (port: number): HostPort => ({ host: '127.0.0.1', port })
  return [
    {
      kind: 'echo',
      name: 'Echo',
      authority: echoAuthority,
      to: local(ports.echo),
      policy: signedIn,
      audience: everybody,
    },
    {
      kind: 'ssh',
      name: 'SSH',
      authority: sshAuthority,
      to: local(ports.ssh),
      ...groupOnly('engineering'),
    },
    ...(ports.postgres === undefined ? [] : [postgresRoute(local(ports.postgres))]),
    ...ownRoutes(own),
  ]
}

function postgresRoute(to: HostPort): SampleRoute {
  const shown = { name: 'PostgreSQL', authority: postgresAuthority }
  return { kind: 'postgres', ...shown, to, ...onRequest('dba') }
}

function groupOnly(group: string): Pick<SampleRoute, 'policy' | 'audience'> {
  return {
    policy: { policy: [{ allow: { or: [{ groups: { has: group } }] } }] },
    audience: `group ${group} (${membersOf(group).join(', ')})`,
  }
}

/** Others see it in the portal, and may ask somebody of the group there, who lets them in for a while. */
function onRequest(group: string): Pick<SampleRoute, 'policy' | 'audience'> {
  const { policy, audience } = groupOnly(group)
  return {
    policy: { ...policy, listed: true, approval: { approvers: policy['policy'], max: '1h' } },
    audience: `${audience}; others may ask for an hour, in the portal or by "postern request"`,
  }
}

/** Named by the port; a second service on the same port of another host is `service-5432-2`. */
function ownRoutes(services: readonly HostPort[]): SampleRoute[] {
  const seen = new Map<number, number>()
  return services.map((to) => {
    const count = (seen.get(to.port) ?? 0) + 1
    seen.set(to.port, count)
    const label = count === 1 ? `service-${to.port}` : `service-${to.port}-${count}`
    return {
      kind: 'own',
      name: `Your ${formatAuthority(to)}`,
      authority: `${label}.example.localhost:${to.port}`,
      to,
      policy: signedIn,
      audience: everybody,
    }
  })
}
