import { PeerError } from '../errors.ts'
import type { NamedTunnel } from './named-tunnels.ts'
import { siteOf, type Site } from './site.ts'
import { invalidHostname } from './tunnel-faults.ts'

/** To whom a host name belongs besides named tunnels. */
export type HostnameOwner = 'gateway' | 'route' | 'application'

export interface HostnameRules {
  /** Those of the configuration that holds now. */
  sites(): readonly Site[]
  /** Whose a host name is; undefined where this tunnel may have it. */
  ownerOf(hostname: string, tunnel: NamedTunnel): HostnameOwner | undefined
}

/** RFC 1123 §2.1 and RFC 5891 §4.4: labels of letters, digits and hyphens; `_` besides, as in use. */
const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/
/** @limit characters of a published host name (RFC 1035 §2.3.4): `invalid-hostname` */
const maxHostnameLength = 253

/** As it is kept: in lower case, without the dot of the root. Throws `PeerError` `invalid-hostname`. */
export function parseHostname(text: string): string {
  const hostname = text.toLowerCase().replace(/\.$/, '')
  const labels = hostname.split('.')
  const isName = labels.length > 1 && labels.every((it) => label.test(it))
  // An address has digits where a name has its top label.
  const isAddress = /^\d+$/.test(labels.at(-1) ?? '')
  if (!isName || isAddress || hostname.length > maxHostnameLength) throw invalidHostname(text)
  return hostname
}

/**
 * Throws `PeerError` with the sentence that mends it where this tunnel may not have a host name. To whom it
 * belongs is told by kind alone: a publisher is not told what else is there.
 */
export function checkHostname(hostname: string, tunnel: NamedTunnel, rules: HostnameRules): void {
  const site = rules.sites().find(({ name }) => name === tunnel.site)
  if (site === undefined) throw withoutSite(tunnel)
  // A site within this one is others' to publish below.
  const inner = siteOf(rules.sites(), hostname)
  if (inner !== site || hostname === site.name) throw outsideSite(hostname, site, inner)
  const owner = rules.ownerOf(hostname, tunnel)
  if (owner !== undefined) throw hostnameTaken(hostname, owner)
  if (!site.covers(hostname)) throw notCovered(hostname, site)
}

const owners: Readonly<Record<HostnameOwner | 'tunnel', string>> = {
  gateway: 'is a name of the gateway itself',
  route: 'belongs to a route of the gateway',
  application: 'belongs to an application with a service of its own',
  tunnel: 'belongs to another tunnel',
}

const ownerHints: Readonly<Record<HostnameOwner | 'tunnel', string>> = {
  gateway: 'choose another name below the site',
  route: 'choose another name, or have the route removed by whoever runs the gateway',
  application:
    'choose another name, or have "service" of the application left out or name this tunnel',
  tunnel: 'choose another name, or delete that tunnel: its names are free then',
}

export function hostnameTaken(hostname: string, owner: HostnameOwner | 'tunnel'): PeerError {
  return new PeerError('hostname-taken', `"${hostname}" ${owners[owner]}`, {
    hint: ownerHints[owner],
  })
}

function outsideSite(hostname: string, { name }: Site, inner: Site | undefined): PeerError {
  const isWithin = inner !== undefined && inner.name.endsWith(`.${name}`)
  const text =
    hostname === name
      ? `"${hostname}" is the site itself, and only names below it are published`
      : `"${hostname}" is ${isWithin ? `in the site "${inner.name}", not` : 'not below the site'} "${name}"`
  return new PeerError('hostname-outside-site', text, {
    hint: `choose a name such as tcp.${name}, or sign in for another site with "postern tunnel login --overwrite"`,
  })
}

function notCovered(hostname: string, { name }: Site): PeerError {
  const text = `no certificate of the site "${name}" is for "${hostname}"`
  const wildcard = `*.${hostname.slice(hostname.indexOf('.') + 1)}`
  return new PeerError('hostname-not-covered', text, {
    hint: `choose a name directly below the site, or have a certificate for "${wildcard}" added to the site`,
  })
}

function withoutSite({ site }: NamedTunnel): PeerError {
  return new PeerError('site-not-found', `the gateway has no site "${site}" any more`, {
    hint: 'have it added to "sites" by whoever runs the gateway',
  })
}
