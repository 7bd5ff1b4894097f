// SOCKS version 5 as a server speaks it (RFC 1928), no more than is needed: no authentication, CONNECT.
import { parseHost, type HostPort } from '../../address.ts'
import { PeerError } from '../../errors.ts'

/** A message, and how many bytes of the input it was; undefined while more are needed. */
export type Parsed<T> = { readonly value: T; readonly usedBytes: number } | undefined

/** What a client asks for; `host` is an address, or a name that is to be looked up here. */
export interface SocksRequest {
  readonly command: 'connect' | 'other'
  /** Undefined where it is no address and no name. */
  readonly target: HostPort | undefined
}

/** Reply field (RFC 1928 §6). */
export const socksReplies = {
  succeeded: 0,
  'server-failure': 1,
  'not-allowed': 2,
  'network-unreachable': 3,
  'host-unreachable': 4,
  'connection-refused': 5,
  'command-not-supported': 7,
  'address-not-supported': 8,
} as const

export type SocksReply = keyof typeof socksReplies

const version = 5
const withoutAuthentication = 0
const noneAcceptable = 0xff
const addressLengths: Readonly<Record<number, number>> = { 1: 4, 4: 16 }
const nameType = 3

/** Which methods a client offers (§3): whether one without authentication is among them. */
export function parseGreeting(input: Buffer): Parsed<boolean> {
  requireVersion(input)
  const count = input[1]
  if (count === undefined || input.length < 2 + count) return undefined
  const methods = input.subarray(2, 2 + count)
  return { value: methods.includes(withoutAuthentication), usedBytes: 2 + count }
}

/** The answer to the greeting. */
export function encodeMethod(isAccepted: boolean): Buffer {
  return Buffer.from([version, isAccepted ? withoutAuthentication : noneAcceptable])
}

/** The request (§4). */
export function parseRequest(input: Buffer): Parsed<SocksRequest> {
  requireVersion(input)
  const [, command, , type] = input
  if (type === undefined) return undefined
  const asked = command === 1 ? 'connect' : 'other'
  const isName = type === nameType
  const length = isName ? input[4] : addressLengths[type]
  if (length === undefined) {
    // The rest has no length that is known: nothing after it can be read.
    return isName ? undefined : { value: { command: asked, target: undefined }, usedBytes: 4 }
  }
  const start = isName ? 5 : 4
  const end = start + length
  if (input.length < end + 2) return undefined
  const host = isName
    ? parseHost(input.toString('latin1', start, end))
    : formatAddress(input.subarray(start, end))
  const port = input.readUInt16BE(end)
  return {
    value: {
      command: asked,
      target: host === undefined || port === 0 ? undefined : { host, port },
    },
    usedBytes: end + 2,
  }
}

/** A reply (§6). What it was bound to is told to nobody: it is an address inside of this network. */
export function encodeReply(reply: SocksReply): Buffer {
  return Buffer.from([version, socksReplies[reply], 0, 1, 0, 0, 0, 0, 0, 0])
}

function requireVersion(input: Buffer): void {
  if (input.length === 0 || input[0] === version) return
  throw new PeerError('not-socks', 'the other end does not speak SOCKS 5')
}

function formatAddress(bytes: Buffer): string | undefined {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return parseHost(`[${groups.join(':')}]`)
}
