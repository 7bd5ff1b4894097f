import { createChallenges, type OpenChallenges } from '../acme/challenges.ts'
import type { CertificateState, FetchedCertificates } from '../acme/fetched-certificates.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { isBun } from '../is-bun.ts'
import { mustStaple } from '../net/ocsp/must-staple.ts'
import type { NamedTunnels, NamedTunnelRegister } from '../publish/named-tunnels.ts'
import type { Certificate } from '../port/tls-contexts.ts'
import type { RouteTable } from '../routes/table.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { CertificateMetrics } from '../telemetry/certificate-metrics.ts'
import { wantedCertificates } from './wanted-certificates.ts'

export interface CertificateParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly metrics: CertificateMetrics
  readonly namedTunnels: Pick<NamedTunnelRegister, 'list'> & Pick<NamedTunnels, 'onChanged'>
}

/** The certificates that the gateway fetches; none unless the configuration says so. */
export interface OpenCertificates {
  readonly challenges: OpenChallenges
  /** Never empty where the configuration has none either: then clients are shown one that they refuse. */
  certificates(): readonly Certificate[]
  states(): readonly CertificateState[]
  /** Looks again which are needed: by this configuration, and these routes. */
  follow(config: GatewayConfig, routes: RouteTable): void
  /** As `FetchedCertificates.revoked`. */
  revoked(fingerprint: string): void
  onChanged(listener: () => void): void
  close(): Promise<void>
}

/** Opens what `autocert` asks for; nothing is fetched before `follow`. */
export async function openCertificates(
  config: GatewayConfig,
  parts: CertificateParts,
): Promise<OpenCertificates> {
  const challenges = createChallenges(parts.clock)
  const { autocert } = config
  if (autocert === undefined) return fetchNothing(challenges)
  const { clock } = parts
  const logger = parts.log.service('certificates')
  const [{ createAcmeAuthority }, { openFetchedCertificates }, placeholder] = await Promise.all([
    import('../acme/authority.ts'),
    import('../acme/fetched-certificates.ts'),
    makePlaceholder(config),
  ])
  if (autocert.formerDirectory !== undefined) {
    const { takeOverCertificates } = await import('../acme/former-certificates.ts')
    await takeOverCertificates(autocert.formerDirectory, { acme: parts.store.acme, clock, logger })
  }
  const authority = createAcmeAuthority(autocert, {
    acme: parts.store.acme,
    challenges,
    servesHttp: config.httpRedirectAddress !== undefined,
    clock,
  })
  const fetched: FetchedCertificates = await openFetchedCertificates({
    store: parts.store,
    authority,
    challenges,
    clock,
    logger,
    // On Bun nobody is handed an OCSP answer: what was fetched elsewhere, to be served with one, would be refused.
    isAsAsked: (leaf) => (mustStaple(leaf) ? !isBun : !autocert.mustStaple),
    tried: (outcome) => parts.metrics.tried(outcome),
  })
  parts.metrics.countCertificates(() => fetched.states())
  let followed: { readonly config: GatewayConfig; readonly routes: RouteTable } | undefined
  const want = (): void => {
    if (followed === undefined) return
    const { config: now, routes } = followed
    fetched.want(
      wantedCertificates({
        routes: routes.routes,
        sites: now.sites,
        tunnels: parts.namedTunnels.list(),
        signInHost: now.authenticateServiceUrl?.hostname,
        certificates: now.certificates,
      }),
    )
  }
  const following = parts.namedTunnels.onChanged(want)
  return {
    challenges,
    certificates() {
      const all = fetched.certificates()
      return all.length > 0 || config.certificates.length > 0 ? all : [placeholder]
    },
    states: () => fetched.states(),
    follow(next, routes) {
      followed = { config: next, routes }
      want()
    },
    revoked: (fingerprint) => fetched.revoked(fingerprint),
    onChanged: (listener) => fetched.onChanged(listener),
    async close() {
      following[Symbol.dispose]()
      await fetched.close()
    },
  }
}

function fetchNothing(challenges: OpenChallenges): OpenCertificates {
  return {
    challenges,
    certificates: () => [],
    states: () => [],
    follow: () => undefined,
    revoked: () => undefined,
    onChanged: () => undefined,
    close: () => Promise.resolve(),
  }
}

/** TLS needs one to begin with; what it says is for whoever looks at it. */
async function makePlaceholder({ authenticateServiceUrl }: GatewayConfig): Promise<Certificate> {
  const { createCertificateAuthority } = await import('../net/certificate.ts')
  const authority = await createCertificateAuthority({ name: 'Postern has no certificate yet' })
  return authority.issue([authenticateServiceUrl?.hostname ?? 'localhost'])
}
