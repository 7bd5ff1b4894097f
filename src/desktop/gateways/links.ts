import { hash } from 'node:crypto'
import { gatewayAt, type KnownGateways } from '../../client/gateways/known-gateway.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import { loadTrust } from '../../reach/trust.ts'
import { saysTrust } from '../connections/check-connection.ts'
import type { ConnectionSettings } from '../wire/connection.ts'
import type { GatewayView } from '../wire/view.ts'
import type { SessionNews, SessionUse } from './session-watch.ts'
import { createGatewayLink, type GatewayLink, type Surroundings } from './gateway-link.ts'

/** What tells two ways of using one gateway apart. */
export type TrustSettings = Pick<
  ConnectionSettings,
  | 'disable_tls_verification'
  | 'ca_file'
  | 'ca_cert'
  | 'client_cert_file'
  | 'client_key_file'
  | 'client_cert'
  | 'client_key'
>

/** The gateways of a daemon: connections that trust alike share one, with its sign-in and its connections. */
export interface Links {
  /**
   * The link to a gateway, made where there is none. Where the settings do not say whom to trust, the authority that is
   * remembered of this very gateway vouches for it.
   *
   * @throws SystemError `certificate-unreadable` or `client-key-missing`
   */
  take(gateway: GatewayAddress, trust: TrustSettings): Promise<GatewayLink>
  views(): readonly GatewayView[]
  all(): readonly GatewayLink[]
  /** Ends those that nobody uses any more. */
  sweep(isUsed: (link: GatewayLink) => boolean): void
  destroy(): Promise<void>
}

export interface LinksParts {
  readonly surroundings: Surroundings
  readonly onChange: (link: GatewayLink) => void
  readonly isWanted: (link: GatewayLink) => boolean
  readonly remembered: () => Promise<KnownGateways>
  readonly use: (link: GatewayLink) => SessionUse
  readonly onSession: (link: GatewayLink, news: SessionNews) => void
}

export function openLinks(parts: LinksParts): Links {
  const { surroundings, onChange, isWanted, remembered, use, onSession } = parts
  const links = new Map<string, GatewayLink>()
  const leaving = new Set<Promise<void>>()
  let isEnding = false

  /** A sign-in is good for all that believe the same gateway. */
  function tellOthers(link: GatewayLink): void {
    const { origin, session } = link.view
    if (session !== 'signed-in') return
    for (const other of links.values())
      if (other.view.origin === origin && other.view.session === 'wanted') void other.check()
  }

  async function take(gateway: GatewayAddress, settings: TrustSettings): Promise<GatewayLink> {
    const known = saysTrust(settings) ? undefined : gatewayAt(gateway.origin, await remembered())
    const trust = await loadTrust({
      ca: known?.ca === undefined ? undefined : { pem: known.ca, name: caName(known.name) },
      disableTlsVerification: settings.disable_tls_verification,
      caFile: settings.ca_file,
      caCertBase64: settings.ca_cert && Buffer.from(settings.ca_cert).toString('base64'),
      clientCertFile: settings.client_cert_file,
      clientKeyFile: settings.client_key_file,
      clientCert: settings.client_cert,
      clientKey: settings.client_key,
    })
    // By what the files hold, not by their names: a file that was replaced makes another link.
    const key = hash('sha256', JSON.stringify([gateway.origin, trust]))
    const found = links.get(key)
    if (found !== undefined) return found
    if (isEnding) throw new Error('the daemon ends')
    const link: GatewayLink = createGatewayLink({
      ...surroundings,
      gateway,
      trust,
      onChange() {
        onChange(link)
        tellOthers(link)
      },
      isWanted: () => isWanted(link),
      use: () => use(link),
      onSession: (news) => onSession(link, news),
    })
    links.set(key, link)
    return link
  }

  return {
    take,
    views: () => merged([...links.values()].map(({ view }) => view)),
    all: () => [...links.values()],
    sweep(isUsed) {
      for (const [key, link] of links) {
        if (isUsed(link)) continue
        links.delete(key)
        const ended = link.destroy().catch(() => undefined)
        leaving.add(ended)
        void ended.finally(() => leaving.delete(ended))
      }
    },
    async destroy() {
      isEnding = true
      await Promise.all([...leaving, ...[...links.values()].map((link) => link.destroy())])
    },
  }
}

function caName(gateway: string): string {
  return `the certificate authority that is remembered of ${gateway}`
}

const known = { unknown: 0, wanted: 1, 'signed-in': 2 } as const
const near = { unreachable: 0, unknown: 1, reachable: 2 } as const

/**
 * One row for each address: two links to one differ only in whom they trust. It is of the one that reaches the gateway,
 * and then of the one that knows most: another may never have believed it, or believe it no more.
 */
export function merged(views: readonly GatewayView[]): readonly GatewayView[] {
  const byOrigin = new Map<string, GatewayView>()
  for (const view of views) {
    const other = byOrigin.get(view.origin)
    if (other === undefined || rank(view) > rank(other)) byOrigin.set(view.origin, view)
  }
  return [...byOrigin.values()]
}

function rank({ reach, session }: GatewayView): number {
  return near[reach] * 3 + known[session]
}
