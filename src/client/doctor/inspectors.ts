/**
 * Products that look into TLS on the way, by what the certificates that they make say of their issuer. A name here is
 * told to a person, and decides nothing.
 */
const inspectors: readonly (readonly [pattern: RegExp, product: string])[] = [
  [/zscaler/i, 'Zscaler'],
  [/netskope|goskope/i, 'Netskope'],
  [/forti(?:gate|net)/i, 'Fortinet FortiGate'],
  [/palo ?alto|globalprotect/i, 'Palo Alto Networks'],
  [/check ?point/i, 'Check Point'],
  [/umbrella/i, 'Cisco Umbrella'],
  [/cisco/i, 'Cisco'],
  [/blue ?coat|symantec web/i, 'Blue Coat (Symantec)'],
  [/sophos/i, 'Sophos'],
  [/forcepoint|websense/i, 'Forcepoint'],
  [/skyhigh|mcafee/i, 'Skyhigh (McAfee)'],
  [/barracuda/i, 'Barracuda'],
  [/watchguard/i, 'WatchGuard'],
  [/sonicwall/i, 'SonicWall'],
  [/untangle|arista ng/i, 'Untangle'],
  [/menlo security/i, 'Menlo Security'],
  [/cato networks/i, 'Cato Networks'],
  [/iboss/i, 'iboss'],
  [/gateway ca - cloudflare/i, 'Cloudflare Gateway'],
  [/kaspersky/i, 'Kaspersky'],
  [/avast|avg technologies/i, 'Avast or AVG'],
  [/\beset\b/i, 'ESET'],
  [/bitdefender/i, 'Bitdefender'],
  [/mitmproxy/i, 'mitmproxy'],
  [/charles proxy/i, 'Charles'],
  [/fiddler/i, 'Fiddler'],
  [/portswigger|burp/i, 'Burp'],
  [/squid/i, 'Squid'],
]

/** The product whose authority signed one of these certificates; undefined for none that is known. */
export function inspectorOf(issuers: readonly string[]): string | undefined {
  return inspectors.find(([pattern]) => issuers.some((issuer) => pattern.test(issuer)))?.[1]
}
