import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { deriveKeys } from '../identity/keys.ts'
import { createSigningKeys, type SigningKeys } from '../identity/signing-keys.ts'
import type { HostnameOwner } from '../publish/hostname.ts'
import type { NamedTunnel, NamedTunnelRegister } from '../publish/named-tunnels.ts'
import { openNamedTunnels } from '../publish/tunnel-register.ts'
import type { RouteTable } from '../routes/table.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Secrets } from './secrets.ts'

export interface PublishingParts {
  readonly store: Store
  readonly secrets: Secrets
  readonly clock: Clock
  readonly log: Log
  routeTable(): RouteTable
}

/** What may be published, and the keys of those who carry it. */
export interface Publishing {
  readonly namedTunnels: NamedTunnelRegister
  readonly signingKeys: SigningKeys
  /** Takes the sites of a new configuration over. */
  reload(config: Pick<GatewayConfig, 'sites'>): void
}

/** Reads the named tunnels there are. Throws `SystemError` when the store cannot be read. */
export async function openPublishing(
  config: GatewayConfig,
  { store, secrets, clock, log, routeTable }: PublishingParts,
): Promise<Publishing> {
  let { sites } = config
  const namedTunnels = await openNamedTunnels({
    store,
    key: deriveKeys(secrets.sharedSecret, secrets.cookieSecret).namedTunnel,
    clock,
    log: log.service('publish'),
    sites: () => sites,
    ownerOf: (hostname, tunnel) =>
      hostname === config.authenticateServiceUrl?.hostname
        ? 'gateway'
        : ownerAmongRoutes(routeTable(), hostname, tunnel),
  })
  return {
    namedTunnels,
    signingKeys: createSigningKeys(store, clock),
    reload: (next) => void ({ sites } = next),
  }
}

/** The port of services that are reached by their host name alone. */
const portOfNames = 443

/** A route that leads to whoever registered the name, or to this tunnel, leaves the name free for it. */
function ownerAmongRoutes(
  routes: RouteTable,
  host: string,
  tunnel: NamedTunnel,
): HostnameOwner | undefined {
  const ports = new Set([portOfNames, ...routes.portsOf(host)])
  const isOthers = [...ports].some((port) => {
    const way = routes.match({ host, port })?.way
    if (way === undefined || way.kind !== 'connector') return way !== undefined
    const { tunnel: named } = way
    return named !== undefined && named !== tunnel.name && named !== tunnel.id
  })
  return isOthers ? 'route' : undefined
}
