import { isIP, isIPv4, isIPv6 } from 'node:net'
import { canonicalIPv6, unmapIPv4, type HostPort } from '../address.ts'

/** Both endpoints of a connection, as the PROXY protocol tells them. */
export interface ConnectionEndpoints {
  readonly source: HostPort
  readonly destination: HostPort
}

/** What a PROXY protocol header says of the connection behind it. */
export interface ProxyHeader {
  /** The client's address as the edge saw it; undefined for `LOCAL`, `UNKNOWN` and other families. */
  readonly source: HostPort | undefined
  readonly destination: HostPort | undefined
  /** Length of the header in bytes: what follows is the client's. */
  readonly lengthBytes: number
}

/**
 * - `more`: a valid beginning; read on
 * - `absent`: something else than a PROXY header, whatever follows
 * - `invalid`: marked as a PROXY header, and none
 */
export type ProxyHeaderResult = ProxyHeader | 'more' | 'absent' | 'invalid'

/**
 * Longest version 1 line with CRLF (specification §2.1).
 *
 * @limit a PROXY header of version 1: the connection is closed without an answer, and logged
 */
const maxV1Bytes = 107
const v1Prefix = Buffer.from('PROXY ')
const v2Signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const v2FixedBytes = 16
/**
 * Addresses and TLVs; the length field allows 65535. A TLV may hold a client's certificate (§2.2.6).
 *
 * @limit addresses and TLVs of a PROXY header of version 2: the connection is closed without an
 * answer, and logged
 */
const maxV2PayloadBytes = 16_384

/**
 * Decodes a PROXY protocol header, version 1 or 2, at the beginning of `bytes`. TLVs are passed over.
 *
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
export function decodeProxyHeader(bytes: Buffer): ProxyHeaderResult {
  if (beginsLike(bytes, v2Signature)) return decodeV2(bytes)
  if (beginsLike(bytes, v1Prefix)) return decodeV1(bytes)
  return 'absent'
}

function beginsLike(bytes: Buffer, prefix: Buffer): boolean {
  const length = Math.min(bytes.length, prefix.length)
  return bytes.subarray(0, length).equals(prefix.subarray(0, length))
}

function decodeV1(bytes: Buffer): ProxyHeaderResult {
  const newline = bytes.subarray(0, maxV1Bytes).indexOf('\r\n')
  if (newline < 0) return bytes.length < maxV1Bytes ? 'more' : 'invalid'
  const line = bytes.subarray(v1Prefix.length, newline).toString('latin1')
  const lengthBytes = newline + 2
  // §2.1: whatever follows UNKNOWN on its line is ignored.
  if (/^UNKNOWN(?: |$)/.test(line))
    return { source: undefined, destination: undefined, lengthBytes }
  const [family, from = '', to = '', fromPort = '', toPort = '', ...rest] = line.split(' ')
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined
  if (isAddress === undefined || rest.length > 0) return 'invalid'
  if (!isAddress(from) || !isAddress(to)) return 'invalid'
  const [source, destination] = [v1Address(from, fromPort), v1Address(to, toPort)]
  return source && destination ? { source, destination, lengthBytes } : 'invalid'
}

function v1Address(address: string, portText: string): HostPort | undefined {
  const port = /^(?:0|[1-9]\d{0,4})$/.test(portText) ? Number(portText) : Number.NaN
  if (address.includes('%') || !(port <= 65_535)) return undefined
  return { host: isIPv4(address) ? address : canonicalIPv6(address), port }
}

function decodeV2(bytes: Buffer): ProxyHeaderResult {
  if (bytes.length < v2FixedBytes) return 'more'
  const [version, command] = [bytes.readUInt8(12) >> 4, bytes.readUInt8(12) & 0x0f]
  const payloadBytes = bytes.readUInt16BE(14)
  if (version !== 2 || command > 1 || payloadBytes > maxV2PayloadBytes) return 'invalid'
  const lengthBytes = v2FixedBytes + payloadBytes
  if (bytes.length < lengthBytes) return 'more'
  const nobody = { source: undefined, destination: undefined, lengthBytes }
  // §2.2: command 0 is LOCAL, a connection of the edge's own, such as a health check.
  if (command === 0) return nobody
  return decodeV2Addresses(bytes.readUInt8(13), bytes.subarray(v2FixedBytes, lengthBytes), nobody)
}

function decodeV2Addresses(
  familyAndTransport: number,
  payload: Buffer,
  nobody: ProxyHeader,
): ProxyHeaderResult {
  const sizeBytes = { 0x11: 4, 0x21: 16 }[familyAndTransport]
  // TCP over IPv4 and IPv6; a receiver must accept others and ignore what they say (§2.2).
  if (sizeBytes === undefined) return nobody
  if (payload.length < 2 * sizeBytes + 4) return 'invalid'
  const address = (offset: number, portOffset: number): HostPort => ({
    host: formatAddress(payload.subarray(offset, offset + sizeBytes)),
    port: payload.readUInt16BE(portOffset),
  })
  return {
    ...nobody,
    source: address(0, 2 * sizeBytes),
    destination: address(sizeBytes, 2 * sizeBytes + 2),
  }
}

function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return canonicalIPv6(groups.join(':'))
}

/** The versions, by the names they have in a configuration. */
export const proxyVersions = ['v1', 'v2'] as const
export type ProxyVersion = (typeof proxyVersions)[number]

/**
 * Encodes a PROXY protocol header for a connection that is passed on. Where the two addresses are of
 * different families, the IPv4 one is mapped into IPv6: a header has one family. Without addresses it
 * says that they are not known, and its receiver takes those of the connection itself.
 */
export function encodeProxyHeader(
  version: ProxyVersion,
  endpoints: ConnectionEndpoints | undefined,
): Buffer {
  const known = endpoints && inOneFamily(endpoints)
  return version === 'v1' ? encodeV1(known) : encodeV2(known)
}

interface FamilyEndpoints extends ConnectionEndpoints {
  readonly family: 4 | 6
}

function inOneFamily({ source, destination }: ConnectionEndpoints): FamilyEndpoints | undefined {
  const plain = [source, destination].map(({ host }) => unmapIPv4(host.replace(/%.*$/, '')))
  if (plain.some((host) => isIP(host) === 0)) return undefined
  const family = plain.every(isIPv4) ? 4 : 6
  const [from = '', to = ''] = family === 4 ? plain : plain.map(asIPv6)
  return {
    family,
    source: { host: from, port: source.port },
    destination: { host: to, port: destination.port },
  }
}

function asIPv6(host: string): string {
  return canonicalIPv6(isIPv4(host) ? `::ffff:${host}` : host)
}

function encodeV1(endpoints: FamilyEndpoints | undefined): Buffer {
  if (endpoints === undefined) return Buffer.from('PROXY UNKNOWN\r\n')
  const { family, source, destination } = endpoints
  const words = [`TCP${family}`, source.host, destination.host, source.port, destination.port]
  return Buffer.from(`PROXY ${words.join(' ')}\r\n`)
}

function encodeV2(endpoints: FamilyEndpoints | undefined): Buffer {
  const payload = endpoints === undefined ? Buffer.alloc(0) : encodeV2Addresses(endpoints)
  // Version 2, command PROXY; families UNSPEC, TCP over IPv4, TCP over IPv6 (§2.2).
  const family = endpoints === undefined ? 0x00 : endpoints.family === 4 ? 0x11 : 0x21
  const fixed = Buffer.from([0x21, family, payload.length >> 8, payload.length & 0xff])
  return Buffer.concat([v2Signature, fixed, payload])
}

function encodeV2Addresses({ source, destination }: FamilyEndpoints): Buffer {
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(source.port, 0)
  ports.writeUInt16BE(destination.port, 2)
  return Buffer.concat([addressBytes(source.host), addressBytes(destination.host), ports])
}

/** An IPv4 address, or an IPv6 one in its canonical form: groups only, one "::" at most. */
function addressBytes(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from(host.split('.').map(Number))
  const [before = [], after = []] = host
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16))))
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0)
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]))
}
