import type { Policy } from '../policy/policy.ts'
import type { DnsSettings } from './dns/settings.ts'

/** A zone below which people may publish host names. */
export interface Site {
  /** In lower case, such as `site.com`. */
  readonly name: string
  /** Who may publish there. It gives nobody access to what is published. */
  readonly publish: Policy
  /** Whether a certificate of the site, or of the gateway where it has none, is for this host name. */
  covers(hostname: string): boolean
  /** Undefined: its names are resolved by records that somebody else makes, such as a wildcard. */
  readonly dns: DnsSettings | undefined
}

/** The site that a host name is in: of sites within each other the innermost. */
export function siteOf(sites: readonly Site[], hostname: string): Site | undefined {
  return sites
    .filter(({ name }) => hostname === name || hostname.endsWith(`.${name}`))
    .toSorted((one, other) => other.name.length - one.name.length)[0]
}
