import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import type { LiveTunnels, OpenTunnel } from '../access/live-tunnels.ts'
import { formatAuthority } from '../address.ts'
import { PeerError } from '../errors.ts'
import type { Session } from '../identity/session.ts'
import type { LogFields } from '../log.ts'
import type { NamedTunnels } from '../publish/named-tunnels.ts'
import type { Authority } from './authority.ts'
import { recordChange, type Actor, type ChangeParts } from './change.ts'
import { isOf } from './sessions.ts'
import { parseInput, type TunnelCut, type TunnelsToCut, type TunnelSummary } from './protocol.ts'

/** What the operations on tunnels reach inside the running gateway. */
export interface TunnelParts extends ChangeParts {
  readonly authority: Authority
  readonly liveTunnels: Pick<LiveTunnels, 'size' | 'open' | 'cut'>
  readonly namedTunnels: FindTunnel
}

/** How a connector's tunnel is known by name. */
export type FindTunnel = Pick<NamedTunnels, 'find'>

/** Operations on open tunnels. */
export interface TunnelOperations {
  /** Oldest first, those whose routes whoever asks may see; one that ends meanwhile may be among them. */
  listTunnels(by: Actor): AsyncIterable<TunnelSummary>
  countTunnels(by: Actor): Promise<number>
  /**
   * Cuts one tunnel, or those of a person's session, of a route or of somebody: of these the ones whose routes whoever
   * asks may change. Nobody is kept from opening another: to keep somebody out, revoke their session or change the policy. Throws `PeerError` `tunnel-not-found` for
   * a tunnel that is not open, and `malformed-request`.
   */
  cutTunnels(by: Actor, which: TunnelsToCut): Promise<TunnelCut>
}

/** @limit none: tunnels that are looked at before others get their turn */
const tunnelsPerTurn = 500

/** The longest id that can be one. */
const id = z.string().max(256)
const whichInput = z.union([
  z.strictObject({ id }),
  z.strictObject({ session_id: id }),
  z.strictObject({ route_id: id }),
  z.strictObject({ user: id }),
])

export function tunnelOperations(parts: TunnelParts): TunnelOperations {
  const { liveTunnels, authority } = parts
  return {
    async *listTunnels(by) {
      let sees = authority.sees(by)
      for (const [index, tunnel] of liveTunnels.open().entries()) {
        if (index > 0 && index % tunnelsPerTurn === 0) {
          await nextTurn()
          sees = authority.sees(by)
        }
        if (sees(tunnel.grant.route.namespace)) yield summarizeTunnel(tunnel, parts)
      }
    },
    countTunnels: () => Promise.resolve(liveTunnels.size),
    async cutTunnels(by, input) {
      const which = parseInput(whichInput, input)
      const isMeant = fits(which)
      const changes = authority.changes(by)
      const mayCut = (tunnel: OpenTunnel): boolean =>
        isMeant(tunnel) && changes(tunnel.grant.route.namespace)
      const cut = liveTunnels.cut(mayCut, 'cut-by-operator').map(idOf)
      if (cut.length > 0) {
        // Of a long list the log keeps the beginning: how many there were is said beside it.
        const details = { ...detailsOf(which), tunnels: cut.length, 'tunnel-ids': cut }
        recordChange(parts, by, 'tunnels cut', details)
      } else if ('id' in which) throw notFound(which.id)
      return { cut }
    },
  }
}

function fits(which: TunnelsToCut): (tunnel: OpenTunnel) => boolean {
  if ('id' in which) return (tunnel) => idOf(tunnel) === which.id
  if ('route_id' in which) return ({ grant }) => grant.route.id === which.route_id
  if ('user' in which)
    return ({ grant: { caller } }) =>
      caller.session !== undefined && isOf(caller.session, which.user)
  return (tunnel) => personOf(tunnel)?.id === which.session_id
}

function idOf({ grant }: OpenTunnel): string {
  return grant.request.requestId
}

/** A service account's session is named nowhere: its id tells what its credential is known by. */
function personOf({ grant }: OpenTunnel): Session | undefined {
  const { session } = grant.caller
  return session?.kind === 'person' ? session : undefined
}

function detailsOf(which: TunnelsToCut): LogFields {
  if ('session_id' in which) return { 'session-id': which.session_id }
  if ('user' in which) return { user: which.user }
  return 'route_id' in which ? { 'route-id': which.route_id } : {}
}

function notFound(id: string): PeerError {
  return new PeerError('tunnel-not-found', `there is no open tunnel "${id}"`)
}

/** A tunnel as it is shown. */
export function summarizeTunnel(
  tunnel: OpenTunnel,
  { namedTunnels }: { readonly namedTunnels: FindTunnel },
): TunnelSummary {
  const { request, route, caller } = tunnel.grant
  const { connector, upstream } = tunnel.destination
  const person = personOf(tunnel)
  return {
    id: request.requestId,
    route: route.name,
    route_id: route.id,
    namespace: route.namespace ?? null,
    target: formatAuthority(request.target),
    user: person?.userId ?? null,
    email: person?.email ?? null,
    session_id: person?.id ?? null,
    service_account_id: caller.session?.kind === 'service-account' ? caller.session.userId : null,
    ip: caller.client.ip,
    connector: connector === undefined ? null : nameOf(connector, namedTunnels),
    upstream: upstream === undefined ? null : formatAuthority(upstream),
    opened_at: new Date(tunnel.openedAtMs).toISOString(),
    bytes_up: tunnel.bytes.up,
    bytes_down: tunnel.bytes.down,
  }
}

function nameOf(
  { connectorId, tunnelId }: NonNullable<OpenTunnel['destination']['connector']>,
  { find }: FindTunnel,
): TunnelSummary['connector'] {
  return { id: connectorId, tunnel: find(tunnelId)?.name ?? tunnelId }
}
