// A signed note: text, a blank line, and a line for each signature, "— NAME BASE64". A verifier key, or vkey, is
// the public key as one word, "NAME+ID+BASE64". Only Ed25519 (type 0x01). https://c2sp.org/signed-note
import { createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto'

/** What signs a note. */
export interface NoteKey {
  /** Without blanks and plus signs. */
  readonly name: string
  /** Ed25519. */
  readonly privateKey: KeyObject
}

/** What a signature is judged by. */
export interface VerifierKey {
  readonly name: string
  /** Eight hexadecimal digits: they find the key, and prove nothing. */
  readonly id: string
  readonly publicKey: KeyObject
}

/** A note whose signatures nobody has judged. */
export interface UnopenedNote {
  /** With its last newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export interface NoteSignature {
  readonly name: string
  readonly keyId: string
  readonly bytes: Buffer
}

/** `unknown-key`: none of the signatures is of a key that is known. */
export type NoteVerdict = 'good' | 'unknown-key' | 'bad-signature'

const ed25519 = 0x01
const publicKeyBytes = 32
const signatureBytes = 64
const keyIdBytes = 4
/** @limit signatures of one signed note: the note is called malformed */
const maxSignatures = 16

/** Signs a text, which ends with a newline, by some keys; answers the note. */
export function signNote(text: string, keys: readonly NoteKey[]): string {
  const lines = keys.slice(0, maxSignatures).map((key) => {
    const signature = sign(null, Buffer.from(text), key.privateKey)
    const bytes = Buffer.concat([Buffer.from(verifierKeyOf(key).id, 'hex'), signature])
    return `— ${key.name} ${bytes.toString('base64')}\n`
  })
  return `${text}\n${lines.join('')}`
}

/** Takes a note apart; undefined when it is none. */
export function parseNote(note: string): UnopenedNote | undefined {
  const end = note.lastIndexOf('\n\n')
  if (end <= 0 || !note.endsWith('\n') || /(?!\n)\p{Cc}/u.test(note)) return undefined
  const lines = note.slice(end + 2, -1).split('\n')
  const signatures = lines.flatMap((line) => parseSignature(line) ?? [])
  if (signatures.length !== lines.length || lines.length > maxSignatures) return undefined
  return { text: note.slice(0, end + 1), signatures }
}

function parseSignature(line: string): NoteSignature | undefined {
  const [, name, word] = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? []
  if (name === undefined || word === undefined) return undefined
  const bytes = Buffer.from(word, 'base64')
  // Another way to write the same bytes would be a change that nothing tells of.
  if (bytes.length <= keyIdBytes || bytes.toString('base64') !== word) return undefined
  return { name, keyId: bytes.toString('hex', 0, keyIdBytes), bytes: bytes.subarray(keyIdBytes) }
}

/** Judges the signatures of a note by keys: each of a known key has to hold, and one is needed. */
export function judgeNote(
  { text, signatures }: UnopenedNote,
  keys: readonly VerifierKey[],
): NoteVerdict {
  const verdicts = signatures.flatMap((signature) =>
    keys
      .filter(({ name, id }) => name === signature.name && id === signature.keyId)
      .map(({ publicKey }) => isGood(text, signature.bytes, publicKey)),
  )
  if (verdicts.length === 0) return 'unknown-key'
  return verdicts.every(Boolean) ? 'good' : 'bad-signature'
}

function isGood(text: string, bytes: Buffer, publicKey: KeyObject): boolean {
  return bytes.length === signatureBytes && verify(null, Buffer.from(text), publicKey, bytes)
}

/** The public part of a key. */
export function verifierKeyOf({ name, privateKey }: NoteKey): VerifierKey {
  const publicKey = createPublicKey(privateKey)
  return { name, id: keyIdOf(name, rawOf(publicKey)), publicKey }
}

/** A key as one word. */
export function formatVerifierKey({ name, id, publicKey }: VerifierKey): string {
  const word = Buffer.concat([Buffer.of(ed25519), rawOf(publicKey)]).toString('base64')
  return `${name}+${id}+${word}`
}

/** Reads a vkey; undefined when it is none, or of another kind than Ed25519. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const [, name, id, word = ''] =
    /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text) ?? []
  const bytes = Buffer.from(word, 'base64')
  if (name === undefined || id === undefined) return undefined
  if (bytes.length !== 1 + publicKeyBytes || bytes.toString('base64') !== word) return undefined
  if (bytes[0] !== ed25519) return undefined
  const raw = bytes.subarray(1)
  if (keyIdOf(name, raw) !== id) return undefined
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }
  return { name, id, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) }
}

function keyIdOf(name: string, publicKey: Buffer): string {
  const bytes = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ed25519), publicKey])
  return hash('sha256', bytes).slice(0, 2 * keyIdBytes)
}

function rawOf(publicKey: KeyObject): Buffer {
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
}
