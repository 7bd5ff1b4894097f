import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** A connection for a TLS client that tells which key exchange the server has chosen. */
export interface WatchedConnection {
  /** To be given to `tls.connect` in the place of the connection. */
  readonly stream: Duplex
  /** The name of the group, such as `X25519MLKEM768`; undefined before, and for less than TLS 1.3. */
  keyExchange(): string | undefined
}

/**
 * Most of a server's first bytes that are kept, in bytes: a ServerHello with the largest key share is shorter.
 *
 * @limit none: the key exchange is not named
 */
const maxHelloBytes = 4 * 1024

/**
 * Watches the first bytes of a server. `getEphemeralKeyInfo()` would tell, but with Bun (BoringSSL) it says nothing
 * of TLS 1.3; the ServerHello is not encrypted (RFC 8446 §4.1.3). What passes goes through a stream of JavaScript,
 * which is for looking at a connection, not for carrying a tunnel.
 */
export function watchServerHello(connection: Socket): WatchedConnection {
  let first = Buffer.alloc(0)
  const stream = new Duplex({
    read: () => void connection.resume(),
    write: (chunk: Buffer, _encoding, done) => void connection.write(chunk, done),
    final: (done) => void connection.end(done),
    destroy(error, done) {
      connection.destroy()
      done(error)
    },
  })
  connection.on('data', (chunk: Buffer) => {
    if (first.length < maxHelloBytes) first = Buffer.concat([first, chunk])
    if (!stream.push(chunk)) connection.pause()
  })
  connection.on('end', () => stream.push(null))
  connection.on('error', (error) => stream.destroy(error))
  connection.on('close', () => stream.destroy())
  return { stream, keyExchange: () => keyExchangeIn(first) }
}

/** @see https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-parameters-8 */
const groups: ReadonlyMap<number, string> = new Map([
  [0x0017, 'P-256'],
  [0x0018, 'P-384'],
  [0x0019, 'P-521'],
  [0x001d, 'X25519'],
  [0x001e, 'X448'],
  [0x11eb, 'SecP256r1MLKEM768'],
  [0x11ec, 'X25519MLKEM768'],
  [0x11ed, 'SecP384r1MLKEM1024'],
])

const handshakeRecord = 22
const serverHello = 2
const keyShareExtension = 51

/**
 * The group of the key share in a server's first record (RFC 8446 §4.2.8); undefined where it has none, or is cut
 * short. A HelloRetryRequest is of the same form, and names the group that the next one has.
 */
export function keyExchangeIn(bytes: Buffer): string | undefined {
  try {
    if (bytes[0] !== handshakeRecord || bytes[5] !== serverHello) return undefined
    // Record 5, handshake 4, version 2, random 32.
    let at = 5 + 4 + 2 + 32
    at += 1 + bytes.readUInt8(at)
    // Cipher suite 2, compression 1.
    at += 3
    const end = at + 2 + bytes.readUInt16BE(at)
    at += 2
    while (at + 4 <= end) {
      const length = bytes.readUInt16BE(at + 2)
      if (bytes.readUInt16BE(at) === keyShareExtension) {
        const group = bytes.readUInt16BE(at + 4)
        return groups.get(group) ?? `group ${group}`
      }
      at += 4 + length
    }
    return undefined
  } catch (error) {
    // Cut short.
    if (error instanceof RangeError) return undefined
    throw error
  }
}
