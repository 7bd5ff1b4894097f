import type { Policy } from '../policy/policy.ts'

/** A zone below which people may publish host names. */
export interface Site {
  /** In lower case, such as `site.com`. */
  readonly name: string
  /** Who may publish there. It gives nobody access to what is published. */
  readonly publish: Policy
  /** Whether a certificate of the site, or of the gateway where it has none, is for this host name. */
  covers(hostname: string): boolean
}
