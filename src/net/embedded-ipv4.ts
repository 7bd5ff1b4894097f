import { canonicalIPv6 } from '../address.ts'

/**
 * Each IPv4 address that an IPv6 address, without a zone, may stand for: a translator or a tunnel on the way
 * makes IPv4 of it. More than one where the form leaves it open; to forbid by, never to allow by.
 */
export function embeddedIPv4(address: string): string[] {
  const groups = groupsOf(address)
  const bytes = groups.flatMap((group) => [group >> 8, group & 0xff])
  const at = (...offsets: readonly number[]): string =>
    offsets.map((offset) => bytes[offset] ?? 0).join('.')
  const begins = (...wanted: readonly number[]): boolean =>
    wanted.every((group, index) => group === groups[index])
  const last = at(12, 13, 14, 15)
  return [
    // Compatible, but for "::" and "::1", mapped (RFC 4291 section 2.5.5), translated (RFC 2765 section 2.1).
    ...(begins(0, 0, 0, 0, 0, 0) && groups[6] !== 0 ? [last] : []),
    ...(begins(0, 0, 0, 0, 0, 0xffff) ? [last] : []),
    ...(begins(0, 0, 0, 0, 0xffff, 0) ? [last] : []),
    // NAT64: the well-known prefix, and prefixes within that of RFC 8215 in each length of RFC 6052
    // section 2.2, whose byte 8 is skipped.
    ...(begins(0x64, 0xff9b, 0, 0, 0, 0) ? [last] : []),
    ...(begins(0x64, 0xff9b, 1)
      ? [at(6, 7, 9, 10), at(7, 9, 10, 11), at(9, 10, 11, 12), last]
      : []),
    // 6to4 (RFC 3056 section 2), Teredo's client with its bits turned (RFC 4380 section 4).
    ...(begins(0x2002) ? [at(2, 3, 4, 5)] : []),
    ...(begins(0x2001, 0) ? [last.replaceAll(/\d+/g, (byte) => String(Number(byte) ^ 0xff))] : []),
    // ISATAP (RFC 5214 section 6.1), whatever its prefix.
    ...(groups[5] === 0x5efe && ((groups[4] ?? 0) & ~0x200) === 0 ? [last] : []),
  ]
}

/** The eight groups of 16 bits. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = canonicalIPv6(address).split('::')
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const [left, right] = [parse(head), parse(tail ?? '')]
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}
