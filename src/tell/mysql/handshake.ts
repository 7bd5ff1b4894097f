import { word } from './integers.ts'
import type { Packet } from './packets.ts'

// "Protocol::HandshakeV10" and "Protocol::HandshakeResponse41" of MySQL's documentation, with the further capabilities of
// MariaDB (its "Connection" page of the protocol).

const protocol41 = 1 << 9
const ssl = 1 << 11
const deprecateEof = 1 << 24
/** Compression, by zlib and by zstd; and metadata that may be left out. */
const unfollowed = (1 << 5) | (1 << 26) | (1 << 25)
/** `CLIENT_MYSQL`: it is set by whoever knows nothing of MariaDB's. */
const notMariadb = 1
const comMulti = 1 << 1
const cacheMetadata = 1 << 4

const version10 = 10

/** Bits of capabilities: MySQL's, and MariaDB's further ones. */
export interface Capabilities {
  readonly common: number
  readonly mariadb: number
}

/** What two sides have agreed on, as far as it decides where replies end. */
export interface Agreement {
  /** No EOF stands behind columns, and an OK in its place behind rows. */
  readonly omitsEof: boolean
  /** A byte behind the number of columns says whether they follow. */
  readonly mayOmitColumns: boolean
}

/** What a service can do, by its greeting; undefined where that is none that could be followed. */
export function readGreeting({ head, has, isLast }: Packet): Capabilities | undefined {
  const end = head.indexOf(0, 1)
  // Behind the version: thread 4, salt 8, 0; capabilities 2, character set 1, status 2, capabilities 2, length 1, filler 6.
  const fixed = end + 1 + 4 + 8 + 1
  if (!isLast || head[0] !== version10 || end < 1 || fixed + 18 > has) return undefined
  const common = (word(head, fixed) | (word(head, fixed + 5) << 16)) >>> 0
  const isMariadb = (common & notMariadb) === 0
  const mariadb = word(head, fixed + 14) | (word(head, fixed + 16) << 16)
  return { common, mariadb: isMariadb ? mariadb : 0 }
}

/** What a client takes of it; undefined where it goes on in what cannot be followed, such as TLS. */
export function readResponse(
  { head, has, isLast }: Packet,
  offered: Capabilities,
): Agreement | undefined {
  if (!isLast || has < 32) return undefined
  const asked = (word(head, 0) | (word(head, 2) << 16)) >>> 0
  const common = asked & offered.common
  // Whatever the service makes of it, nobody reads plain packets where one of these was asked for.
  if ((asked & (ssl | unfollowed)) !== 0 || (common & protocol41) === 0) return undefined
  const isMariadb = (asked & notMariadb) === 0
  const mariadb = isMariadb ? (word(head, 28) | (word(head, 30) << 16)) & offered.mariadb : 0
  if ((mariadb & comMulti) !== 0) return undefined
  return {
    omitsEof: (common & deprecateEof) !== 0,
    mayOmitColumns: (mariadb & cacheMetadata) !== 0,
  }
}
