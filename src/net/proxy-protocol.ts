import { isIPv4, isIPv6 } from 'node:net'
import type { HostPort } from '../address.ts'

/** Both ends of a connection, as the PROXY protocol tells them. */
export interface ConnectionEnds {
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
 * - `invalid`: not a PROXY header, whatever follows
 */
export type ProxyHeaderResult = ProxyHeader | 'more' | 'invalid'

/** Longest version 1 line with CRLF (specification §2.1). */
const maxV1Bytes = 107
const v1Prefix = Buffer.from('PROXY ')
const v2Signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const v2FixedBytes = 16
/** Addresses and TLVs; the length field allows 65535, and edges send a few hundred. */
const maxV2PayloadBytes = 4096

/**
 * Decodes a PROXY protocol header, version 1 or 2, at the beginning of `bytes`. TLVs are passed over.
 *
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
export function decodeProxyHeader(bytes: Buffer): ProxyHeaderResult {
  if (beginsLike(bytes, v2Signature)) return decodeV2(bytes)
  if (beginsLike(bytes, v1Prefix)) return decodeV1(bytes)
  return 'invalid'
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
  const [source, destination] = [v1Address(from, fromPort), v1Address(to, toPort)]
  if (!source || !destination || !isAddress(from) || !isAddress(to)) return 'invalid'
  return { source, destination, lengthBytes }
}

function v1Address(host: string, portText: string): HostPort | undefined {
  const port = /^(?:0|[1-9]\d{0,4})$/.test(portText) ? Number(portText) : Number.NaN
  return port <= 65_535 ? { host, port } : undefined
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
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
