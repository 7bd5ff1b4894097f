// Where Bun's TLS differs from Node's, on which Postern was made. Each difference stands here, as those of `runtime.ts`
// do.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket, type SecureContextOptions } from 'node:tls'
import type { X509Certificate } from 'node:crypto'
import { messageOf, systemCode } from '../errors.ts'
import { isBun } from '../is-bun.ts'
import { weaknessOf } from './certificate-strength.ts'
import { lookAtStart } from './look-at-start.ts'
import { plainHttp } from './runtime.ts'

/** What the first byte of a handshake is: the type of its record (RFC 8446 §5.1). */
const handshake = 0x16

/** What OpenSSL and BoringSSL take for HTTP where a handshake should be, and how many bytes they need for that. */
const httpStart = /^(?:GET |POST|HEAD|PUT |CONNE)/
const httpStartBytes = 5

/**
 * Looks whether plain HTTP comes where a handshake should begin; to be asked on Bun before TLS is told of a connection:
 * what is written to it after that never arrives there, although it is said to. Node tells it by `tlsClientError`, when
 * an answer still arrives. Resolves to the error that tells it, or else to undefined; every byte is left unread then.
 * Whoever brings no byte in time, or ends before, is gone.
 */
export function findPlainHttp(connection: Socket, timeoutMs: number): Promise<Error | undefined> {
  return lookAtStart(connection, timeoutMs, (received) => {
    if (received[0] !== handshake && received.length < httpStartBytes) return undefined
    const isHttp = httpStart.test(received.toString('latin1', 0, httpStartBytes))
    return { found: isHttp ? plainHttp('http request') : undefined, taken: isHttp }
  })
}

/**
 * Whether the end of a stream that is told now is our own doing: to be asked in `end`. Where a TLS stream, or what it runs
 * on, is destroyed on this side, Bun ends it as if its peer had; Node closes it without. What it runs on tells nothing:
 * that is destroyed there at an end of the peer, too. Whoever resets it destroys the stream in the same step (`abandon`):
 * of a reset alone Bun says the end first.
 */
export function isOwnEnd(stream: Duplex): boolean {
  return isBun && stream instanceof TLSSocket && stream.destroyed
}

/**
 * Has a TLS stream and what it runs on be over together, as they are on Node. Bun closes the connection beneath as soon as
 * the peer has ended its side, whatever is still to be said to it: whoever counts connections would not count it any
 * more. And of a connection that is closed it tells the stream by the end alone, which one whose peer has ended has had.
 */
export function closeWith(stream: TLSSocket, connection: Socket): void {
  if (!isBun) return
  const closing = stream.rawListeners('end').find((listener) => 'listener' in listener)
  if (closing !== undefined) {
    stream.off('end', closing)
    stream.once('close', closing)
  }
  connection.once('close', () => {
    if (stream.readableEnded) stream.destroy()
    else stream.once('end', () => stream.destroy())
  })
}

/**
 * With which signatures either side of a handshake may prove itself. BoringSSL signs over SHA-1 for whoever offers nothing
 * else in TLS 1.2; Node's list has none of these, and is longer. Ed25519 is in it, and not in BoringSSL's own.
 */
export const handshakeSignatures: SecureContextOptions = isBun
  ? {
      sigalgs: [
        'ecdsa_secp256r1_sha256',
        'rsa_pss_rsae_sha256',
        'rsa_pkcs1_sha256',
        'ecdsa_secp384r1_sha384',
        'rsa_pss_rsae_sha384',
        'rsa_pkcs1_sha384',
        'rsa_pss_rsae_sha512',
        'rsa_pkcs1_sha512',
        'ed25519',
      ].join(':'),
    }
  : {}

/**
 * Throws where the certificate of a server, or one that it sent to prove it, is too weak; to be asked once a handshake
 * has found it valid, before a byte is said. Node fails the handshake for it.
 */
export function refuseWeak(socket: TLSSocket): void {
  if (!isBun) return
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate()
  const seen = new Set<string>()
  while (certificate !== undefined && !seen.has(certificate.fingerprint256)) {
    seen.add(certificate.fingerprint256)
    const weakness = weaknessOf(certificate, certificate.checkIssued(certificate))
    if (weakness !== undefined) {
      throw Object.assign(new Error(`certificate ${weakness} too weak`), { code: weakCode })
    }
    certificate = certificate.issuerCertificate
  }
}

const weakCode = 'UNSPECIFIED'

/** Whether a certificate was refused for a key or a signature that is too weak. OpenSSL tells by its words alone. */
export function isWeakCertificate(error: unknown): boolean {
  return systemCode(error) === weakCode && / too (?:weak|small)$/.test(messageOf(error))
}
