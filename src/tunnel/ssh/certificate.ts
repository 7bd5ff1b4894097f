// Certificates of OpenSSH for a person's key, as PROTOCOL.certkeys of OpenSSH describes them
// (https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.certkeys), signed with Ed25519.

import type { SshPublicKey } from './public-key.ts'
import { readSsh, sshString, sshUint32, sshUint64, type SshReader } from './wire.ts'

/** What a certificate says. */
export interface SshCertificate {
  /** Names it in lists of revoked ones (KRL). */
  readonly serial: bigint
  /** What `sshd` writes into its log. */
  readonly keyId: string
  /** Accounts that it lets in to; none would be all of them, so there is at least one. */
  readonly principals: readonly [string, ...string[]]
  /** From when to when it holds, in seconds since the epoch. */
  readonly validAfterS: number
  readonly validBeforeS: number
  /** What a session may do, such as `permit-pty`. */
  readonly extensions: readonly string[]
}

/** Type 1: of a person, not of a host. */
const userCertificate = 1

const certificateSuffix = '-cert-v01@openssh.com'
const ed25519 = 'ssh-ed25519'

/** The public key of an authority as it stands in certificates and in `TrustedUserCAKeys`. */
export function ed25519Key(raw: Uint8Array): SshPublicKey {
  return { type: ed25519, fields: sshString(raw) }
}

/** `ssh-ed25519-cert-v01@openssh.com`; of a security key the domain moves to the end. */
function certificateType(type: string): string {
  return `${type.replace(/@openssh\.com$/, '')}${certificateSuffix}`
}

/**
 * What an authority signs: everything but the signature. `nonce` is drawn anew for each: whoever asks must
 * not know what is signed.
 */
export function encodeToBeSigned(
  key: SshPublicKey,
  certificate: SshCertificate,
  authority: SshPublicKey,
  nonce: Uint8Array,
): Buffer {
  const { serial, keyId, principals, validAfterS, validBeforeS, extensions } = certificate
  return Buffer.concat([
    sshString(certificateType(key.type)),
    sshString(nonce),
    key.fields,
    sshUint64(serial),
    sshUint32(userCertificate),
    sshString(keyId),
    sshString(Buffer.concat(principals.map((principal) => sshString(principal)))),
    sshUint64(BigInt(validAfterS)),
    sshUint64(BigInt(validBeforeS)),
    // Critical options: none. An sshd refuses a certificate with one that it does not know.
    sshString(''),
    // "Must be lexically ordered by name", each with its data, which these have none of.
    sshString(
      Buffer.concat(
        extensions.toSorted(byBytes).flatMap((name) => [sshString(name), sshString('')]),
      ),
    ),
    sshString(''),
    sshString(Buffer.concat([sshString(authority.type), authority.fields])),
  ])
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

/** The line of a `-cert.pub` file; `comment` is one line. */
export function formatCertificate(
  key: SshPublicKey,
  toBeSigned: Buffer,
  signature: Uint8Array,
  comment: string,
): string {
  const signed = sshString(Buffer.concat([sshString(ed25519), sshString(signature)]))
  const base64 = Buffer.concat([toBeSigned, signed]).toString('base64')
  return `${certificateType(key.type)} ${base64} ${comment}`
}

/** A certificate as somebody holds it; whether it is signed by whom it says is for an `sshd` to find out. */
export interface ReadCertificate extends Omit<SshCertificate, 'principals'> {
  readonly principals: readonly string[]
  /** Of what it was made for. */
  readonly fields: Buffer
  readonly type: string
}

/**
 * Longest line that is read, in characters.
 *
 * @limit a certificate in a file: it counts as none, and another one is asked for
 */
const maxLineLength = 16_384

/** Reads the line of a `-cert.pub` file; undefined when it is no certificate of a person. */
export function parseCertificate(line: string): ReadCertificate | undefined {
  if (line.length > maxLineLength) return undefined
  const [, name = '', base64 = ''] = /^(\S+) ([A-Za-z0-9+/]+={0,2})(?: |\r?\n|$)/.exec(line) ?? []
  const bytes = Buffer.from(base64, 'base64')
  const reader = readSsh(bytes)
  const type = plainType(name)
  if (reader.string()?.toString('latin1') !== name || type === undefined) return undefined
  if (reader.string() === undefined) return undefined
  const fields = readFields(type, reader)
  const serial = reader.uint64()
  const kind = reader.uint32()
  const keyId = reader.string()?.toString()
  const principals = listOf(reader.string(), 1)
  const [after, before] = [reader.uint64(), reader.uint64()]
  const [critical, extensions] = [reader.string(), listOf(reader.string(), 2)]
  if (fields === undefined || serial === undefined || kind !== userCertificate) return undefined
  if (keyId === undefined || principals === undefined || critical === undefined) return undefined
  if (after === undefined || before === undefined || extensions === undefined) return undefined
  return {
    type,
    fields,
    serial,
    keyId,
    principals,
    validAfterS: Number(after),
    validBeforeS: Number(before),
    extensions: extensions.filter((_, index) => index % 2 === 0),
  }
}

function plainType(name: string): string | undefined {
  if (!name.endsWith(certificateSuffix)) return undefined
  const plain = name.slice(0, -certificateSuffix.length)
  return plain.startsWith('sk-') ? `${plain}@openssh.com` : plain
}

/** How many strings a key has: an Ed25519 key itself, of ECDSA the curve before it, an `sk-` key one more. */
function readFields(type: string, reader: SshReader): Buffer | undefined {
  const count = (type.includes('ecdsa') ? 2 : 1) + (type.startsWith('sk-') ? 1 : 0)
  const strings = Array.from({ length: count }, () => reader.string())
  const known = strings.filter((value) => value !== undefined)
  return known.length === count ? Buffer.concat(known.map((value) => sshString(value))) : undefined
}

/** A list of strings within a string; undefined when they are not a multiple of so many. */
function listOf(packed: Buffer | undefined, multiple: number): readonly string[] | undefined {
  if (packed === undefined) return undefined
  const reader = readSsh(packed)
  const found: string[] = []
  while (!reader.isAtEnd()) {
    const value = reader.string()
    if (value === undefined) return undefined
    found.push(value.toString())
  }
  return found.length % multiple === 0 ? found : undefined
}
