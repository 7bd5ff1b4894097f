import { hash } from 'node:crypto'
import { subjectOf, type Directory } from '../access/directory.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { deriveKeys } from '../identity/keys.ts'
import type { BlockedPeople } from '../identity/blocked-people.ts'
import { defaultProviderId } from '../identity/user-ids.ts'
import type { Session } from '../identity/session.ts'
import type { SigningKeys } from '../identity/signing-keys.ts'
import { createConnectorAuthority } from '../links/cloudflared/authority.ts'
import type { Link } from '../links/link.ts'
import type { Port } from '../port/port.ts'
import type { NamedTunnel, NamedTunnelRegister } from '../publish/named-tunnels.ts'
import { openPublishers, type Publishers } from '../publish/publisher.ts'
import { createPublishing, type Publishing, type TunnelConnection } from '../publish/publishing.ts'
import { createRemoveTunnel } from '../publish/remove-tunnel.ts'
import { createRecords } from '../publish/write-records.ts'
import { createOperatorTunnels, type OperatorTunnels } from '../publish/operator-tunnels.ts'
import { openNamedTunnels } from '../publish/tunnel-register.ts'
import type { RouteTable } from '../routes/table.ts'
import type { PublisherFacts } from '../store/publish-store.ts'
import type { Store } from '../store/store.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { Log } from '../telemetry/log.ts'
import { foreignTunnels } from './foreign-tunnels.ts'
import { hostsToward } from './named-services.ts'
import { hostnameOwner, isMeantElsewhere } from './hostname-owner.ts'
import type { Secrets } from './secrets.ts'

export interface PublishingOptions {
  readonly store: Store
  readonly signingKeys: SigningKeys
  readonly secrets: Secrets
  readonly clock: Clock
  readonly log: Log
  readonly audit: AuditLog
  readonly blockedPeople: Pick<BlockedPeople, 'isBlocked'>
  routeTable(): RouteTable
  /** The groups of people besides those of their provider, as they hold now. */
  directory(): Directory | undefined
  /** The connections of connectors there are. */
  links(): readonly Link[]
}

/** What may be published, by whom, and the keys of those who carry it. */
export interface OpenPublishing {
  readonly namedTunnels: NamedTunnelRegister
  readonly signingKeys: SigningKeys
  readonly publishers: Publishers
  readonly publishing: Publishing
  /** For operations alone: whoever holds it makes tunnels in every site. */
  readonly operatorTunnels: OperatorTunnels
  /** Names the gateway to stock connectors, which send it along: 32 hexadecimal digits. */
  readonly accountTag: string
  /** Whom stock connectors are told to trust, PEM. */
  connectorCa(): Promise<string>
  /** Shows stock connectors a certificate of that authority, until it is disposed of. */
  certify(port: Pick<Port, 'setReservedNames' | 'awaitReservedNames'>): Disposable
  hasSites(): boolean
  /** Takes the sites of a new configuration over. */
  reload(config: Pick<GatewayConfig, 'sites' | 'directory' | 'routes'>): void
}

/** Reads what was published. Throws `SystemError` when the store cannot be read. */
export async function openPublishing(
  config: GatewayConfig,
  options: PublishingOptions,
): Promise<OpenPublishing> {
  const { store, signingKeys, secrets, clock, audit } = options
  const log = options.log.service('publish')
  let { sites } = config
  const own = config.authenticateServiceUrl?.hostname ?? ''
  const namedTunnels = await openNamedTunnels({
    store,
    key: deriveKeys(secrets.sharedSecret, secrets.cookieSecret).namedTunnel,
    formerKeys: secrets.formerSharedSecrets.map(
      (each) => deriveKeys(each, secrets.cookieSecret).namedTunnel,
    ),
    clock,
    log,
    sites: () => sites,
    ownerOf: (hostname, tunnel) => hostnameOwner(options.routeTable(), own, hostname, tunnel),
    isMeantElsewhere: (tunnel) => isMeantElsewhere(options.routeTable(), sites, tunnel),
  })
  const warnOfForeign = ({ routes, sites }: Pick<GatewayConfig, 'routes' | 'sites'>): void => {
    for (const { host, site, tunnel, tunnelSite } of foreignTunnels(routes, sites, namedTunnels))
      log.warn('route leads to a tunnel of another site, whose publishers get what it carries', {
        host,
        site,
        'tunnel-name': tunnel,
        'tunnel-site': tunnelSite,
      })
  }
  warnOfForeign(config)
  const publishers = await openPublishers({
    store,
    clock,
    log,
    sites: () => sites,
    subjectOf: (person) =>
      options.blockedPeople.isBlocked(person)
        ? undefined
        : subjectOf(asSession(person), options.directory()),
  })
  const connectorAuthority = createConnectorAuthority({
    signingKeys,
    clock,
    logger: options.log.service('connectors'),
  })
  const records = createRecords({ target: own, clock, log })
  const connectionsOf = (id: string): readonly TunnelConnection[] =>
    options
      .links()
      .filter(({ tunnelId }) => tunnelId === id)
      .map(toConnection)
  const used = {
    sites: () => sites,
    hostsToward: (tunnel: NamedTunnel) => hostsToward(options.routeTable().routes, tunnel),
    removal: createRemoveTunnel({
      namedTunnels,
      records,
      sites: () => sites,
      countConnections: (id) => connectionsOf(id).length,
    }),
  }
  const publishing = createPublishing({
    ...used,
    namedTunnels,
    signingKeys,
    records,
    audit,
    connectionsOf,
  })
  return {
    namedTunnels,
    signingKeys,
    publishers,
    publishing,
    operatorTunnels: createOperatorTunnels({ ...used, namedTunnels, signingKeys }),
    connectorCa: () => connectorAuthority.file(),
    certify(port) {
      const kept = connectorAuthority.keepCertificate(port.setReservedNames)
      port.awaitReservedNames(connectorAuthority.serverNames, kept.wanted)
      // Where some are expected it is there before they come: making it holds up everything for a moment.
      if (sites.length > 0 || namedTunnels.list().length > 0) void kept.wanted()
      return kept
    },
    accountTag: hash('sha256', own, 'hex').slice(0, 32),
    hasSites: () => sites.length > 0,
    reload(next) {
      ;({ sites } = next)
      warnOfForeign(next)
    },
  }
}

/** As policies read one; it opens nothing and has no end of its own. */
function asSession(person: PublisherFacts): Session {
  return {
    kind: 'person',
    provider: defaultProviderId,
    ...person,
    id: '',
    issuedAtMs: 0,
    expiresAtMs: 0,
    refreshedAtMs: 0,
    refreshDueAtMs: 0,
  }
}

function toConnection({ connectorId, version, ip, sinceMs }: Link): TunnelConnection {
  return { connectorId, version, ip, sinceMs }
}
