import { BlockList, isIP, isIPv6 } from 'node:net'
import { canonicalIPv6, unmapIPv4 } from './address.ts'

/** Addresses that share their first `prefix` bits. */
export interface IpRange {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

/** What a range looks like, for messages. */
export const ipRangeForm = 'an IP address or a range such as "10.0.0.0/8"'

/**
 * Parses an IP address or a CIDR range (RFC 4632 §3.1, RFC 4291 §2.3). Bits behind the prefix are left
 * out of account. Answers what is wrong in words that follow the name of the thing.
 */
export function parseIpRange(text: string): IpRange | { readonly fault: string } {
  const [address = '', prefix, ...rest] = text.split('/')
  const bits = { 4: 32, 6: 128 }[isIP(address)]
  if (bits === undefined || address.includes('%') || rest.length > 0) {
    return { fault: `must be ${ipRangeForm}, not "${text}"` }
  }
  if (prefix !== undefined && !(/^(?:0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= bits)) {
    return { fault: `must have a prefix of 0 to ${bits} after the "/", not "${prefix}"` }
  }
  const length = prefix === undefined ? bits : Number(prefix)
  return bits === 32
    ? { address, family: 'ipv4', prefix: length }
    : unmapped({ address, family: 'ipv6', prefix: length })
}

/** A range within `::ffff:0:0/96` (RFC 4291 §2.5.5.2) stands for IPv4 addresses: clients have those. */
function unmapped(range: IpRange): IpRange {
  const address = unmapIPv4(canonicalIPv6(range.address))
  if (isIP(address) !== 4 || range.prefix < 96) return range
  return { address, family: 'ipv4', prefix: range.prefix - 96 }
}

/**
 * Makes a function that tells whether an address is in one of these ranges. An IPv4 address mapped into
 * IPv6 counts as IPv4, however it is written, a link-local one without its zone; text that is not an address is in none
 * of them. One that a translator made of an IPv4 address (RFC 6052) is an IPv6 address like any other: whoever chooses
 * its prefix chooses the IPv4 address, so that nothing may be allowed by that.
 */
export function createIpMatcher(ranges: readonly IpRange[]): (address: string) => boolean {
  // One list for each family: a single `BlockList` lets `::/0` contain every IPv4 address.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const { address, family, prefix } of ranges) {
    lists[family].addSubnet(address, prefix, family)
  }
  return (address) => {
    const bare = address.replace(/%.*$/, '')
    const plain = isIPv6(bare) ? unmapIPv4(canonicalIPv6(bare)) : bare
    const family = isIP(plain) === 4 ? 'ipv4' : 'ipv6'
    return lists[family].check(plain, family)
  }
}
