import { createPublicKey } from 'node:crypto'
import { readSsh, sshString, type SshReader } from './wire.ts'

/** A public key of SSH that a certificate can be made for. */
export interface SshPublicKey {
  /** Such as `ssh-ed25519`. */
  readonly type: string
  /** What stands behind the type in its encoding, and in a certificate behind the nonce. */
  readonly fields: Buffer
}

/**
 * Longest line that is read, in characters; an ECDSA key of 521 bits takes some 300 without its comment.
 *
 * @limit the public key that a certificate is asked for: 400 `malformed_request`
 */
const maxLineLength = 2048

/** Reads what stands behind the type; undefined when it is no key of that type. */
type ReadFields = (reader: SshReader) => boolean

const p256 = { curve: 'nistp256', crv: 'P-256', bytes: 32 }

/**
 * The types that a certificate is made for: those of people's keys, and of security keys (`sk-`), that
 * OpenSSH still makes. RSA is left out: a certificate for it depends on which hash its holder signs with.
 */
const types: ReadonlyMap<string, ReadFields> = new Map([
  ['ssh-ed25519', readEd25519],
  ['ecdsa-sha2-nistp256', ecdsa(p256)],
  ['ecdsa-sha2-nistp384', ecdsa({ curve: 'nistp384', crv: 'P-384', bytes: 48 })],
  ['ecdsa-sha2-nistp521', ecdsa({ curve: 'nistp521', crv: 'P-521', bytes: 66 })],
  ['sk-ssh-ed25519@openssh.com', (reader) => readEd25519(reader) && readApplication(reader)],
  [
    'sk-ecdsa-sha2-nistp256@openssh.com',
    (reader) => ecdsa(p256)(reader) && readApplication(reader),
  ],
])

/** For messages: what `parseSshPublicKey` takes. */
export const sshKeyTypes: readonly string[] = [...types.keys()]

/**
 * Reads a line such as `ssh-ed25519 AAAA… comment`; undefined for anything but one whole key, on its curve,
 * of a type that certificates are made for.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5656#section-3.1 and RFC 8709 §4
 */
export function parseSshPublicKey(line: string): SshPublicKey | undefined {
  if (line.length > maxLineLength) return undefined
  const [, type = '', base64 = ''] =
    /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?: [^\r\n]*)?\r?\n?$/.exec(line) ?? []
  const bytes = Buffer.from(base64, 'base64')
  const reader = readSsh(bytes)
  if (reader.string()?.toString('latin1') !== type) return undefined
  if (types.get(type)?.(reader) !== true || !reader.isAtEnd()) return undefined
  return { type, fields: bytes.subarray(4 + type.length) }
}

/** As OpenSSH writes it; `comment` is one line. */
export function formatSshPublicKey({ type, fields }: SshPublicKey, comment = ''): string {
  const base64 = Buffer.concat([sshString(type), fields]).toString('base64')
  return `${type} ${base64}${comment === '' ? '' : ` ${comment}`}`
}

function readEd25519(reader: SshReader): boolean {
  const key = reader.string()
  return key?.length === 32 && isOnCurve({ kty: 'OKP', crv: 'Ed25519', x: base64url(key) })
}

function ecdsa({ curve, crv, bytes }: typeof p256): ReadFields {
  return (reader) => {
    if (reader.string()?.toString('latin1') !== curve) return false
    // Uncompressed: 4, then x and y (SEC 1 §2.3.3).
    const point = reader.string()
    if (point?.length !== 1 + 2 * bytes || point[0] !== 4) return false
    const [x, y] = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)]
    return isOnCurve({ kty: 'EC', crv, x: base64url(x), y: base64url(y) })
  }
}

/** Of a security key: `ssh:`, or what its holder has chosen (PROTOCOL.u2f). */
function readApplication(reader: SshReader): boolean {
  const application = reader.string()
  return (
    application !== undefined && /^ssh:[\x20-\x7e]{0,255}$/.test(application.toString('latin1'))
  )
}

/** RFC 7518 §6.2.1, RFC 8037 §2. */
interface Point {
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly y?: string
}

function isOnCurve(jwk: Point): boolean {
  try {
    createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

function base64url(bytes: Buffer): string {
  return bytes.toString('base64url')
}
