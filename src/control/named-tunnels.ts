import { z } from 'zod'
import type { LogFields } from '../log.ts'
import type { Link } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import type { NamedTunnel, NewNamedTunnel } from '../publish/named-tunnels.ts'
import type { OperatorTunnels } from '../publish/operator-tunnels.ts'
import { nameOf } from '../publish/publishing.ts'
import { secretsToJson, tokenOf, type TunnelSecrets } from '../publish/tunnel-secrets.ts'
import type { Authority } from './authority.ts'
import { recordChange, type Actor, type ChangeParts } from './change.ts'
import {
  parseInput,
  type NamedTunnelCreation,
  type NamedTunnelDeleted,
  type NamedTunnelDeletion,
  type NamedTunnelList,
  type NamedTunnelSecrets,
  type NamedTunnelSummary,
} from './protocol.ts'

/** What the operations on named tunnels reach inside the running gateway. */
export interface NamedTunnelParts extends ChangeParts {
  readonly authority: Pick<Authority, 'require'>
  readonly operatorTunnels: OperatorTunnels
  readonly links: Pick<Links, 'list'>
  /** Names the gateway to stock connectors, which send it along: 32 hexadecimal digits. */
  readonly accountTag: string
  /** Where connectors dial, `https://HOST[:PORT]`; undefined where the gateway has no address of its own. */
  readonly gatewayUrl: string | undefined
}

/** Operations on named tunnels, for whoever runs the gateway; publishers have an API of their own. */
export interface NamedTunnelOperations {
  /** Those of every site, by name. */
  listNamedTunnels(by: Actor): Promise<NamedTunnelList>
  /**
   * Makes a named tunnel without a publisher's credential, and answers what its token is made of. Throws
   * `PeerError` `site-not-found`, as `NamedTunnelRegister`, and `malformed-request`.
   */
  createNamedTunnel(by: Actor, tunnel: NamedTunnelCreation): Promise<NamedTunnelSecrets>
  /**
   * Gives one, by its name or id, another secret: connectors that have the one of now end with their tunnels, and
   * do not come back. Throws `PeerError` `tunnel-not-found`, `tunnel-busy`, and `malformed-request`.
   */
  rotateNamedTunnel(by: Actor, tunnel: string): Promise<NamedTunnelSecrets>
  /**
   * Deletes one, by its name or id, with its host names; its connectors end with their tunnels. Throws as
   * `rotateNamedTunnel`, and unless `force` `PeerError` `tunnel-connected`, `tunnel-in-use`.
   */
  deleteNamedTunnel(by: Actor, deletion: NamedTunnelDeletion): Promise<NamedTunnelDeleted>
  /** The names of those that tunnels can be made in. */
  listSites(by: Actor): Promise<readonly string[]>
}

/** What a name can be is the register's to say. */
const name = z.string().min(1).max(256)
const creationInput = z.strictObject({ name, site: name })
const deletionInput = z.strictObject({ tunnel: name, force: z.boolean().default(false) })

export function namedTunnelOperations(parts: NamedTunnelParts): NamedTunnelOperations {
  const { operatorTunnels, authority, accountTag, gatewayUrl } = parts

  function shown(secrets: TunnelSecrets): NamedTunnelSecrets {
    const json = secretsToJson(secrets, accountTag)
    return { ...json, token: gatewayUrl === undefined ? undefined : tokenOf(json, gatewayUrl) }
  }

  function record(by: Actor, event: string, tunnel: NamedTunnel, more: LogFields = {}): void {
    const { id, name, site } = tunnel
    recordChange(parts, by, event, { 'tunnel-id': id, 'tunnel-name': name, site, ...more })
  }

  return {
    listNamedTunnels() {
      const here = Map.groupBy(parts.links.list(), ({ tunnelId }) => tunnelId)
      const named_tunnels = operatorTunnels
        .list()
        .map((tunnel) => summarize(tunnel, here.get(tunnel.id)))
      return Promise.resolve({ named_tunnels })
    },
    listSites: () => Promise.resolve(operatorTunnels.sites()),
    async createNamedTunnel(by, input) {
      const wanted = parseInput(creationInput, input)
      const secrets = await operatorTunnels.create({ ...wanted, ...makerOf(by) }, () =>
        authority.require(by, 'createNamedTunnel'),
      )
      record(by, 'named tunnel created', secrets.tunnel)
      return shown(secrets)
    },
    async rotateNamedTunnel(by, input) {
      const secrets = await operatorTunnels.rotate(parseInput(name, input), () =>
        authority.require(by, 'rotateNamedTunnel'),
      )
      record(by, 'named tunnel token rotated', secrets.tunnel)
      return shown(secrets)
    },
    async deleteNamedTunnel(by, input) {
      const { tunnel, force } = parseInput(deletionInput, input)
      const deleted = await operatorTunnels.delete(tunnel, {
        force,
        admit: () => authority.require(by, 'deleteNamedTunnel'),
        removed: (gone) => record(by, 'named tunnel deleted', gone, { hostnames: gone.hostnames }),
      })
      const notices = deleted.records.flatMap((state) =>
        state.state === 'failed' ? [`${state.message}: ${state.next}`] : [],
      )
      return { deleted: deleted.tunnel.id, routes: deleted.routes, notices }
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
