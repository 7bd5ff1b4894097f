import { createPrivateKey } from 'node:crypto'
import { readSsh, sshString } from '../../../src/tunnel/ssh/wire.ts'

/** The secrets that a text has, told by their shape: tokens, credentials, and the private parts of keys. */
export function secretsIn(text: string): readonly (string | Buffer)[] {
  return [
    ...text.matchAll(jsonWebToken),
    ...text.matchAll(serviceAccountSecret),
    ...text.replaceAll(pemBlock, '').matchAll(gatewayKey),
  ]
    .map(([found]): string | Buffer => found)
    .concat(fieldsIn(text), encodedIn(text), privateKeysIn(text), openSshKeysIn(text))
}

/** JWS and JWE in their compact form (RFC 7515, 7516). */
const jsonWebToken = /\beyJ[\w-]{5,}(?:\.[\w-]*){2,4}/g
const serviceAccountSecret = /\bpostern_[\w-]{16,}/g
/** A line of one may be as long as a gateway's key, and public. */
const pemBlock = /-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g
/** 32 bytes in base64, alone on a line. */
const gatewayKey = /^[A-Za-z0-9+/]{43}=$/gm

/** Values of JSON and YAML under the names of secrets. */
function fieldsIn(text: string): readonly string[] {
  const fields = text.matchAll(/\b(\w+)"?: *["']?([^\s"',]{8,})/g)
  return [...fields].flatMap(([, name = '', value = '']) => (secretName.test(name) ? [value] : []))
}

const secretName =
  /^(?:TunnelSecret|s|\w*(?:secret|password|passphrase|private_?key|mac_key|encryption_key|_token))$/i

/**
 * JSON in base64, as tokens of tunnels and credentials of publishers are, the latter in lines; and PEM in base64, as
 * `certificate_key` is.
 */
function encodedIn(text: string): readonly (string | Buffer)[] {
  const blocks = text.matchAll(/\b(?:eyJ|LS0tLS1CRUdJTi)[A-Za-z0-9+/\n]{60,}={0,2}/g)
  return [...blocks].flatMap(([block]) => {
    const decoded = Buffer.from(block, 'base64').toString()
    const found = fieldsIn(decoded)
    return [...found, ...found.flatMap(bytesOf), ...privateKeysIn(decoded)]
  })
}

/** What a text in base64 stands for. */
function bytesOf(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= 16 && bytes.toString('base64') === text ? [bytes] : []
}

/**
 * The private number of each key in PEM, indented in YAML as well, and the lines that have a part of it. Keys with a passphrase
 * are left out.
 */
function privateKeysIn(text: string): readonly (string | Buffer)[] {
  const blocks = text.matchAll(/-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----([^-]+)-----END \1-----/g)
  return [...blocks].flatMap(([pem, , body = '']) => {
    const { d = '' } = createPrivateKey(pem.replaceAll(/^\s+/gm, '')).export({ format: 'jwk' })
    const number = Buffer.from(d, 'base64url')
    return [number, ...linesOf(body, number)]
  })
}

/** The same of Ed25519 keys as OpenSSH keeps them (PROTOCOL.key): behind the key's name and its public half. */
function openSshKeysIn(text: string): readonly (string | Buffer)[] {
  const blocks = text.matchAll(/-----BEGIN (OPENSSH PRIVATE KEY)-----([^-]+)-----END \1-----/g)
  return [...blocks].flatMap(([, , body = '']) => {
    const bytes = Buffer.from(body, 'base64')
    const name = sshString('ssh-ed25519')
    const reader = readSsh(bytes.subarray(bytes.lastIndexOf(name) + name.length))
    reader.string()
    const halves = reader.string()
    if (halves?.length !== 64) return []
    const seed = halves.subarray(0, 32)
    return [seed, ...linesOf(body, seed)]
  })
}

function linesOf(body: string, number: Buffer): readonly string[] {
  const lines = body.trim().split(/\s+/)
  const from = Buffer.from(lines.join(''), 'base64').indexOf(number)
  let at = 0
  return lines.filter((line) => {
    const begin = at
    at += Buffer.from(line, 'base64').length
    return Math.min(at, from + number.length) - Math.max(begin, from) >= minKeyBytes
  })
}

/** Of a line with less of the key the rest is public, or the same in all keys. */
const minKeyBytes = 16
