import { BlockList, isIP } from 'node:net'
import { canonicalIPv6 } from '../address.ts'

/**
 * Where clouds answer each of their machines, and hand out its credentials to whoever asks from there. Other
 * link-local addresses are services like any other.
 */
const services = new BlockList()
for (const address of [
  // EC2, Google, Azure, OpenStack and others.
  '169.254.169.254',
  // Credentials of ECS tasks and EKS pods.
  '169.254.170.2',
  '169.254.170.23',
  // Alibaba.
  '100.100.100.200',
  // Azure's WireServer.
  '168.63.129.16',
]) {
  services.addAddress(address, 'ipv4')
}
for (const address of [
  // EC2, EKS pods, Google, Oracle, OpenStack.
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
  'fd00:c1::a9fe:a9fe',
  'fe80::a9fe:a9fe',
]) {
  services.addAddress(address, 'ipv6')
}

/**
 * Whether an IP address is the metadata service of a cloud, in whichever form: IPv4 within IPv6 too, since a
 * translator or a tunnel on the way makes IPv4 of it again. False for names.
 */
export function isMetadataAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '')
  if (isIP(plain) === 4) return services.check(plain, 'ipv4')
  if (isIP(plain) !== 6) return false
  return services.check(plain, 'ipv6') || embeddedIn(plain).some((it) => services.check(it, 'ipv4'))
}

/** Each IPv4 address that an IPv6 address may stand for. */
function embeddedIn(address: string): string[] {
  const groups = groupsOf(address)
  const bytes = groups.flatMap((group) => [group >> 8, group & 0xff])
  const at = (...offsets: readonly number[]): string =>
    offsets.map((offset) => bytes[offset] ?? 0).join('.')
  const begins = (...wanted: readonly number[]): boolean =>
    wanted.every((group, index) => group === groups[index])
  const last = at(12, 13, 14, 15)
  return [
    // Compatible, mapped (RFC 4291 section 2.5.5), translated (RFC 2765 section 2.1).
    ...(begins(0, 0, 0, 0, 0, 0) || begins(0, 0, 0, 0, 0, 0xffff) ? [last] : []),
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
