import { randomBytes } from 'node:crypto'
import { formatAuthority } from '../address.ts'
import type { DnsSettings } from '../publish/dns/settings.ts'
import { removeText, tryZone } from '../publish/dns/update-zone.ts'
import type { Site } from '../publish/site.ts'
import { attempt, type Found } from '../reach/checks.ts'
import type { PreflightCheck, Trying } from './check.ts'
import { certificateFor } from './host-certificate.ts'

/** Tries the DNS server of each site that has one. Nothing in its zone is changed. */
export function zoneChecks(trying: Trying): readonly (() => Promise<readonly PreflightCheck[]>)[] {
  return trying.config.sites.flatMap((site) => {
    const { dns } = site
    return dns === undefined ? [] : [async () => [await checkZone(site, dns, trying)]]
  })
}

function checkZone(
  site: Site,
  dns: DnsSettings,
  { config, signal, timeoutMs, now }: Trying,
): Promise<PreflightCheck> {
  const step = { what: 'dns', target: formatAuthority(dns.server), signal } as const
  return attempt({ ...step, limitMs: 2 * timeoutMs }, async (): Promise<Found> => {
    await tryZone(dns, now)
    const takes = `takes the key "${dns.key.name}" for the zone "${dns.zone}"`
    if (certificateFor(`*.${site.name}`, config).kind !== 'fetched') return { detail: takes }
    // To take away what nobody has put there changes nothing (RFC 2136 §3.4.2.4), and asks for the right to.
    const proof = `_acme-challenge.${site.name}`
    await removeText(dns, { name: proof, value: randomBytes(16).toString('base64url') }, now)
    return { detail: `${takes}, and lets it write "${proof}"` }
  })
}
