import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { WantedCertificate } from '../acme/authority.ts'
import type { Certificate } from '../port/tls-contexts.ts'
import type { NamedTunnel } from '../publish/named-tunnels.ts'
import { siteOf, type Site } from '../publish/site.ts'
import { parseFrom } from '../routes/from.ts'
import type { NewRoute } from '../routes/route.ts'
import { hostOfAuthority } from '../address.ts'

/** Where the names of a gateway stand. */
export interface NamedHosts {
  readonly routes: readonly Pick<NewRoute, 'from'>[]
  readonly sites: readonly Site[]
  readonly tunnels: readonly Pick<NamedTunnel, 'hostnames'>[]
  readonly signInHost: string | undefined
  /** Those that need not be fetched. */
  readonly certificates: readonly Certificate[]
}

/**
 * The certificates that are to be fetched, so that there is one for every host name by which clients come. Where the
 * gateway writes the zone, one for `*.` serves all names of a site; a pattern that no zone can prove is left out.
 */
export function wantedCertificates(hosts: NamedHosts): readonly WantedCertificate[] {
  const leaves = hosts.certificates.map(({ cert }) => new X509Certificate(cert))
  const isCovered = (name: string): boolean =>
    leaves.some((leaf) => leaf.checkHost(name.replace('*', 'any')) !== undefined)
  const wanted = new Map<string, WantedCertificate>()
  for (const host of hostNames(hosts)) {
    if (isIP(host) !== 0 || isCovered(host)) continue
    const one = wantedFor(host, hosts.sites)
    if (one !== undefined) wanted.set(one.name, one)
  }
  return [...wanted.values()]
}

function hostNames({ routes, tunnels, signInHost }: NamedHosts): readonly string[] {
  return [
    ...(signInHost === undefined ? [] : [signInHost]),
    ...routes.flatMap(({ from }) => hostsOf(from)),
    ...tunnels.flatMap(({ hostnames }) => hostnames),
  ]
}

/** In the extended form clients come to the gateway's own name alone. */
function hostsOf(text: string): readonly string[] {
  const from = parseFrom(text)
  if ('fault' in from) return []
  const gateway = from.gateway === undefined ? undefined : hostOfAuthority(from.gateway)
  return gateway === undefined ? from.targets.map(({ host }) => host) : [gateway]
}

function wantedFor(host: string, sites: readonly Site[]): WantedCertificate | undefined {
  const zone = siteOf(sites, host.replace(/^\*\./, ''))?.dns
  const parent = host.slice(host.indexOf('.') + 1)
  if (zone !== undefined && sites.some(({ name }) => name === parent))
    return { name: `*.${parent}`, zone }
  // A pattern such as `db-*.example.com` is no name of a certificate (RFC 9525 §6.3).
  const isWildcard = host.includes('*')
  if (isWildcard && (zone === undefined || !/^\*\.[^*]+$/.test(host))) return undefined
  return { name: host, zone }
}
