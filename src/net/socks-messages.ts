// SOCKS version 5 as a server speaks it (RFC 1928), no more than is needed: CONNECT, without authentication or by user
// and password (RFC 1929).
import { parseHost, type HostPort } from '../address.ts'
import { PeerError } from '../errors.ts'

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
const methods = { none: 0, password: 2, unacceptable: 0xff } as const
/** Of the conversation about user and password (RFC 1929 §2). */
const passwordVersion = 1
const addressLengths: Readonly<Record<number, number>> = { 1: 4, 4: 16 }
const nameType = 3

/** How a client may show who it is (§3). */
export type SocksMethod = keyof typeof methods

/** Which of the methods that are spoken here a client offers (§3). */
export function parseGreeting(input: Buffer): Parsed<ReadonlySet<SocksMethod>> {
  requireVersion(input)
  const count = input[1]
  if (count === undefined || input.length < 2 + count) return undefined
  const given = input.subarray(2, 2 + count)
  const offered = (['none', 'password'] as const).filter((name) => given.includes(methods[name]))
  return { value: new Set(offered), usedBytes: 2 + count }
}

/** The answer to the greeting. */
export function encodeMethod(method: SocksMethod): Buffer {
  return Buffer.from([version, methods[method]])
}

/** What a client says of itself (RFC 1929 §2); the bytes have no encoding that is known. */
export interface SocksPassword {
  readonly user: Buffer
  readonly password: Buffer
}

/** User and password (RFC 1929 §2). */
export function parsePassword(input: Buffer): Parsed<SocksPassword> {
  if (input.length > 0 && input[0] !== passwordVersion) throw notSocks()
  const userEnd = 2 + (input[1] ?? 0)
  const length = input[userEnd]
  if (length === undefined || input.length < userEnd + 1 + length) return undefined
  const usedBytes = userEnd + 1 + length
  return {
    value: { user: input.subarray(2, userEnd), password: input.subarray(userEnd + 1, usedBytes) },
    usedBytes,
  }
}

/** The answer to user and password (RFC 1929 §2); the connection must be closed where they are wrong. */
export function encodePasswordAnswer(isRight: boolean): Buffer {
  return Buffer.from([passwordVersion, isRight ? 0 : 1])
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
  throw notSocks()
}

function notSocks(): PeerError {
  return new PeerError('not-socks', 'the other end does not speak SOCKS 5')
}

function formatAddress(bytes: Buffer): string | undefined {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return parseHost(`[${groups.join(':')}]`)
}
