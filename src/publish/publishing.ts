import type { SigningKeys } from '../identity/signing-keys.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { PublisherFacts } from '../store/publish-store.ts'
import type { NamedTunnel, NamedTunnelRegister } from './named-tunnels.ts'
import type { Publisher } from './publisher.ts'
import type { Records, RecordState } from './records.ts'
import { siteOf, type Site } from './site.ts'
import { tunnelNotFound } from './tunnel-faults.ts'
import { tellHosts, type RemoveTunnel } from './remove-tunnel.ts'
import { grantKeysOf, type TunnelSecrets } from './tunnel-secrets.ts'

/** Who asks: a publisher, and where the request came from. */
export interface PublishActor {
  readonly publisher: Publisher
  readonly ip: string
  readonly requestId: string
}

/** One connection of a connector, as its publisher sees it. */
export interface TunnelConnection {
  readonly connectorId: string
  readonly version: string
  readonly ip: string
  readonly sinceMs: number
}

export interface TunnelInfo {
  readonly tunnel: NamedTunnel
  readonly connections: readonly TunnelConnection[]
}

export interface PublishedHostname {
  readonly tunnel: NamedTunnel
  readonly hostname: string
  readonly record: RecordState
}

export interface DeletedTunnel {
  readonly records: readonly RecordState[]
  /** Hosts whose routes name the tunnel, and lead nowhere without it. */
  readonly routes: readonly string[]
}

/**
 * What a publisher may do. A tunnel belongs to a site, and to everybody who may publish there; nobody else is
 * told of it. Each change leaves one audit record.
 */
export interface Publishing {
  list(by: PublishActor): readonly TunnelInfo[]
  /** Throws `PeerError` `tunnel-not-found`. */
  info(by: PublishActor, nameOrId: string): TunnelInfo
  /** Throws as `NamedTunnelRegister`. */
  create(by: PublishActor, name: string): Promise<TunnelSecrets>
  /** Throws `PeerError` `tunnel-not-found`, and unless `force` `tunnel-connected` or `tunnel-in-use`. */
  delete(
    by: PublishActor,
    nameOrId: string,
    options: { readonly force: boolean },
  ): Promise<DeletedTunnel>
  /** Throws `PeerError` `tunnel-not-found`. */
  token(
    by: PublishActor,
    nameOrId: string,
    options: {
      readonly rotate: boolean
      /** From now on pushed to its stock connectors; undefined: stays as it is. */
      readonly services?: string | undefined
    },
  ): Promise<TunnelSecrets>
  /** Throws as `NamedTunnelRegister`. */
  addHostname(by: PublishActor, nameOrId: string, hostname: string): Promise<PublishedHostname>
  removeHostname(by: PublishActor, nameOrId: string, hostname: string): Promise<PublishedHostname>
  /**
   * Registers the names that a connector asks for as it registers itself. Answers what is to be said in its
   * log. Throws as `NamedTunnelRegister`.
   */
  claim(tunnel: NamedTunnel, hostnames: readonly string[]): Promise<readonly string[]>
}

export interface PublishingParts {
  readonly namedTunnels: NamedTunnelRegister
  readonly signingKeys: Pick<SigningKeys, 'all'>
  readonly records: Pick<Records, 'add'>
  readonly removal: RemoveTunnel
  readonly audit: AuditLog
  sites(): readonly Site[]
  connectionsOf(tunnelId: string): readonly TunnelConnection[]
  /** Hosts of the routes and applications that name this tunnel. */
  hostsToward(tunnel: NamedTunnel): readonly string[]
}

export function createPublishing(parts: PublishingParts): Publishing {
  const { namedTunnels, signingKeys, records, audit, sites, connectionsOf } = parts

  /** Those of the publisher's site alone: whether there is another is not told. */
  function find({ publisher }: PublishActor, nameOrId: string): NamedTunnel {
    const found = namedTunnels.find(nameOrId)
    if (found !== undefined && found.site === publisher.site.name) return found
    throw tunnelNotFound(
      nameOrId,
      ofSite(publisher.site).map(({ name }) => name),
    )
  }

  const ofSite = (site: Site) => namedTunnels.list().filter((it) => it.site === site.name)

  function routesToward(tunnel: NamedTunnel): readonly string[] {
    return tellHosts(
      parts.hostsToward(tunnel),
      (host) => siteOf(sites(), host)?.name === tunnel.site,
    )
  }

  function record(by: PublishActor, event: string, tunnel: NamedTunnel, more: object = {}): void {
    audit.record({ kind: 'admin', event, details: { ...tunnelFields(tunnel), ...more, ...of(by) } })
  }

  const secretsOf = async (tunnel: NamedTunnel): Promise<TunnelSecrets> => ({
    tunnel,
    secret: namedTunnels.secretOf(tunnel.id),
    grantKeys: await grantKeysOf(signingKeys),
  })

  const infoOf = (tunnel: NamedTunnel): TunnelInfo => ({
    tunnel,
    connections: connectionsOf(tunnel.id),
  })

  return {
    list: ({ publisher }) => ofSite(publisher.site).map(infoOf),
    info: (by, nameOrId) => infoOf(find(by, nameOrId)),
    async create(by, name) {
      const { site, person } = by.publisher
      const { userId } = person
      const made = { name, site: site.name, createdBy: nameOf(person), userId }
      const tunnel = await namedTunnels.create(made)
      record(by, 'named tunnel created', tunnel)
      return secretsOf(tunnel)
    },
    async delete(by, nameOrId, { force }) {
      const found = find(by, nameOrId)
      return parts.removal.removeTunnel(found, {
        force,
        forceOption: '--force',
        routes: routesToward,
        removed: (tunnel) =>
          record(by, 'named tunnel deleted', tunnel, { hostnames: tunnel.hostnames }),
      })
    },
    async token(by, nameOrId, { rotate, services }) {
      const found = find(by, nameOrId)
      if (services !== undefined && services !== found.services) {
        await namedTunnels.setServices(found.id, services)
        record(by, 'services of stock connectors set', found, { services })
      }
      if (!rotate) {
        // Whoever has it can be a connector of this tunnel.
        record(by, 'named tunnel token shown', found)
        return secretsOf(found)
      }
      const tunnel = await namedTunnels.rotate(found.id)
      record(by, 'named tunnel token rotated', tunnel)
      return secretsOf(tunnel)
    },
    async addHostname(by, nameOrId, text) {
      const found = find(by, nameOrId)
      const { tunnel, hostname, isNew } = await namedTunnels.addHostname(found.id, text)
      if (isNew) record(by, 'host name published', tunnel, { hostname })
      const written = await records.add(by.publisher.site, hostname)
      return { tunnel, hostname, record: written }
    },
    async removeHostname(by, nameOrId, text) {
      const found = find(by, nameOrId)
      const { tunnel, hostname } = await namedTunnels.removeHostname(found.id, text)
      record(by, 'host name withdrawn', tunnel, { hostname })
      return { tunnel, hostname, record: await parts.removal.removeRecord(tunnel, hostname) }
    },
    async claim({ id }, hostnames) {
      const notices: string[] = []
      for (const text of hostnames) {
        const { tunnel, hostname, isNew } = await namedTunnels.addHostname(id, text)
        if (!isNew) continue
        const details = { ...tunnelFields(tunnel), hostname, by: 'connector' }
        audit.record({ kind: 'admin', event: 'host name published', details })
        const site = sites().find(({ name }) => name === tunnel.site)
        const state = site && (await records.add(site, hostname))
        if (state?.state === 'failed') notices.push(`${state.message}: ${state.next}`)
      }
      return notices
    },
  }
}

/** As lists and logs name somebody. */
export function nameOf({ email, userId }: PublisherFacts): string {
  return email ?? userId
}

function tunnelFields({ id, name, site }: NamedTunnel) {
  return { 'tunnel-id': id, 'tunnel-name': name, site }
}

function of({ publisher, ip, requestId }: PublishActor) {
  const { credentialId, person } = publisher
  return {
    'by-user': person.userId,
    'by-email': person.email,
    'publisher-id': credentialId,
    ip,
    'request-id': requestId,
  }
}
