import { z } from 'zod'
import type { Link } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import type { NamedTunnel, NewNamedTunnel } from '../publish/named-tunnels.ts'
import type { OperatorTunnels } from '../publish/operator-tunnels.ts'
import { nameOf } from '../publish/publishing.ts'
import { secretsToJson, type TunnelSecretsJson } from '../publish/tunnel-secrets.ts'
import type { Authority } from './authority.ts'
import { recordChange, type Actor, type ChangeParts } from './change.ts'
import {
  parseInput,
  type NamedTunnelCreation,
  type NamedTunnelList,
  type NamedTunnelSummary,
} from './protocol.ts'

/** What the operations on named tunnels reach inside the running gateway. */
export interface NamedTunnelParts extends ChangeParts {
  readonly authority: Pick<Authority, 'require'>
  readonly operatorTunnels: OperatorTunnels
  readonly links: Pick<Links, 'list'>
  /** Names the gateway to stock connectors, which send it along: 32 hexadecimal digits. */
  readonly accountTag: string
}

/** Operations on named tunnels, for whoever runs the gateway; publishers have an API of their own. */
export interface NamedTunnelOperations {
  /** Those of every site, by name. */
  listNamedTunnels(by: Actor): Promise<NamedTunnelList>
  /**
   * Makes a named tunnel without a publisher's credential, and answers what its token is made of. Throws
   * `PeerError` `site-not-found`, as `NamedTunnelRegister`, and `malformed-request`.
   */
  createNamedTunnel(by: Actor, tunnel: NamedTunnelCreation): Promise<TunnelSecretsJson>
}

/** What a name can be is the register's to say. */
const name = z.string().min(1).max(256)
const creationInput = z.strictObject({ name, site: name })

export function namedTunnelOperations(parts: NamedTunnelParts): NamedTunnelOperations {
  return {
    listNamedTunnels() {
      const here = Map.groupBy(parts.links.list(), ({ tunnelId }) => tunnelId)
      const named_tunnels = parts.operatorTunnels
        .list()
        .map((tunnel) => summarize(tunnel, here.get(tunnel.id)))
      return Promise.resolve({ named_tunnels })
    },
    async createNamedTunnel(by, input) {
      const wanted = parseInput(creationInput, input)
      const secrets = await parts.operatorTunnels.create({ ...wanted, ...makerOf(by) }, () =>
        parts.authority.require(by, 'createNamedTunnel'),
      )
      const { id, name, site } = secrets.tunnel
      recordChange(parts, by, 'named tunnel created', {
        'tunnel-id': id,
        'tunnel-name': name,
        site,
      })
      return secretsToJson(secrets, parts.accountTag)
    },
  }
}

/** Who made it, as publishers of the site see it and as it is counted; nobody's user id is empty. */
function makerOf(by: Actor): Pick<NewNamedTunnel, 'createdBy' | 'userId'> {
  if (by.kind === 'local') return { createdBy: 'the operator', userId: '' }
  const { session } = by
  const { userId } = session
  return { createdBy: session.kind === 'person' ? nameOf(session) : userId, userId }
}

function summarize(tunnel: NamedTunnel, links: readonly Link[] = []): NamedTunnelSummary {
  const { id, name, site, createdBy, createdAtMs, hostnames } = tunnel
  return {
    id,
    name,
    site,
    created_by: createdBy,
    created_at: new Date(createdAtMs).toISOString(),
    hostnames,
    connectors: new Set(links.map(({ connectorId }) => connectorId)).size,
  }
}
