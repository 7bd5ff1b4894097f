import { isIPv6 } from 'node:net'
import { canonicalIPv6, unmapIPv4 } from '../../address.ts'
import { createIpMatcher, ipRangeForm, parseIpRange, type IpRange } from '../../ip-ranges.ts'
import { embeddedIPv4 } from '../../net/embedded-ipv4.ts'
import { isMetadataAddress } from '../../net/metadata-address.ts'
import { mustBe, textOf } from '../../schema.ts'
import { z } from 'zod'

/** One line of a list of addresses that may be dialled, or may not. */
export interface IpRule {
  readonly prefix: IpRange
  /** Empty: all of them. */
  readonly ports: readonly number[]
  readonly allow: boolean
}

const port = z.unknown().transform((input, context) => {
  if (typeof input === 'number' && Number.isInteger(input) && input >= 1 && input <= 65_535) {
    return input
  }
  context.addIssue({ code: 'custom', message: mustBe('a port of 1 to 65535', input) })
  return z.NEVER
})

/** `ipRules` as it stands in a file. */
export const ipRulesSchema: z.ZodType<readonly IpRule[]> = z.array(
  z
    .strictObject({
      prefix: textOf(ipRangeForm, parseIpRange),
      ports: z.array(port).optional(),
      allow: z.boolean().optional(),
    })
    .transform(({ prefix, ports = [], allow = false }) => ({ prefix, ports, allow })),
)

/**
 * Whether an address may be dialled: the first rule that fits says so, and none means no. An empty list
 * allows nothing. An IPv6 address by which a translator or tunnel reaches an IPv4 one may be dialled where it
 * is allowed itself, and no rule for the IPv4 address denies that. The metadata service of a cloud is allowed by
 * a rule for its address alone.
 */
export function createIpAllowance(
  rules: readonly IpRule[],
): (address: string, port: number) => boolean {
  const compiled = rules.map(({ prefix, ports, allow }) => ({
    contains: createIpMatcher([prefix]),
    ports: new Set(ports),
    allow,
    isWide: prefix.prefix < (prefix.family === 'ipv4' ? 32 : 128),
  }))
  const judge = (address: string, port: number) =>
    compiled.find(
      ({ contains, ports }) => contains(address) && (ports.size === 0 || ports.has(port)),
    )
  return (address, port) => {
    const plain = whereItLeads(address)
    const first = judge(plain, port)
    if (first?.allow !== true) return false
    // Whoever allows a network means its services, not the credentials of this machine.
    if (first.isWide && isMetadataAddress(plain)) return false
    return !isIPv6(plain) || embeddedIPv4(plain).every((it) => judge(it, port)?.allow !== false)
  }
}

/** Whoever connects to the unspecified address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2) reaches this very machine. */
function whereItLeads(address: string): string {
  const plain = isIPv6(address) ? unmapIPv4(canonicalIPv6(address.replace(/%.*$/, ''))) : address
  if (plain === '::') return '::1'
  return plain === '0.0.0.0' ? '127.0.0.1' : plain
}
