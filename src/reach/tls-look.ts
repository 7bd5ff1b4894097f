import type { Socket } from 'node:net'
import type { PeerCertificate, TLSSocket } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { watchServerHello } from '../net/server-hello.ts'
import { printable } from '../terminal-text.ts'
import { handshake, type HandshakeOptions } from './tls-handshake.ts'

/** A certificate as it is shown to a person; every text can be printed. */
export interface SeenCertificate {
  /** The names that it is for; of an authority its common name. */
  readonly names: readonly string[]
  /** The authority that signed it, such as `R11, Let's Encrypt`. */
  readonly issuer: string
  readonly notBefore: Date
  readonly notAfter: Date
}

/** What was seen of a TLS server. */
export interface SeenTls {
  /** Such as `TLSv1.3`. */
  readonly version: string
  readonly cipher: string
  /** Such as `X25519MLKEM768`. */
  readonly keyExchange: string | undefined
  /** By ALPN; undefined where it chose none. */
  readonly protocol: string | undefined
  /** The server's own, then those that it sent to prove it. */
  readonly certificates: readonly SeenCertificate[]
  /** The code of what is wrong with its certificate, as the runtime tells it; undefined where nothing is. */
  readonly fault: string | undefined
}

/** @limit certificates of a chain that a doctor shows: the rest is left out */
const maxCertificates = 10

/**
 * Makes a handshake whatever the certificate is, sees what came of it, and ends the connection: nothing may be
 * said on it. Rejects with the error of the handshake.
 */
export async function lookAtTls(connection: Socket, options: HandshakeOptions): Promise<SeenTls> {
  const watched = watchServerHello(connection)
  const trust = { ...options.trust, isVerified: false }
  // It has all of a socket's that `tls.connect` uses.
  const socket = await handshake(watched.stream as Socket, { ...options, trust })
  try {
    return {
      version: socket.getProtocol() ?? 'TLS',
      cipher: socket.getCipher().standardName,
      keyExchange: watched.keyExchange() ?? namedExchange(socket),
      protocol: socket.alpnProtocol || undefined,
      certificates: chainOf(socket),
      fault: socket.authorized ? undefined : faultOf(socket.authorizationError),
    }
  } finally {
    socket.destroy()
  }
}

function faultOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

/** Of TLS 1.2, which both runtimes tell. */
function namedExchange(socket: TLSSocket): string | undefined {
  const info = socket.getEphemeralKeyInfo()
  return info !== null && 'name' in info && typeof info.name === 'string' ? info.name : undefined
}

function chainOf(socket: TLSSocket): readonly SeenCertificate[] {
  const chain: SeenCertificate[] = []
  let next: PeerCertificate | undefined = socket.getPeerCertificate(true)
  const seen = new Set<string>()
  while (next?.raw !== undefined && !seen.has(next.fingerprint256)) {
    if (chain.length >= maxCertificates) break
    seen.add(next.fingerprint256)
    chain.push(toSeen(new X509Certificate(next.raw)))
    next = 'issuerCertificate' in next ? (next.issuerCertificate as PeerCertificate) : undefined
  }
  return chain
}

function toSeen(certificate: X509Certificate): SeenCertificate {
  return {
    names: namesOf(certificate),
    issuer: nameIn(certificate.issuer),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  }
}

function namesOf({ subject, subjectAltName }: X509Certificate): readonly string[] {
  const names = (subjectAltName ?? '')
    .split(', ')
    .map((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1])
    .filter((name) => name !== undefined)
  return (names.length === 0 ? [nameIn(subject)] : names).map(printable)
}

/** `CN` and `O` of a name in the form of `X509Certificate`, one attribute a line. */
function nameIn(text: string | undefined): string {
  const attribute = (name: string): string | undefined =>
    new RegExp(`^${name}=(.+)$`, 'm').exec(text ?? '')?.[1]
  const parts = [attribute('CN'), attribute('O')].filter((part) => part !== undefined)
  return printable([...new Set(parts)].join(', ')) || 'somebody without a name'
}
