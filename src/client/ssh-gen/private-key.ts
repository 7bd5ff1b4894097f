import { randomBytes } from 'node:crypto'
import { ed25519Key } from '../../tunnel/ssh/certificate.ts'
import { parseSshPublicKey, type SshPublicKey } from '../../tunnel/ssh/public-key.ts'
import { readSsh, sshString, sshUint32 } from '../../tunnel/ssh/wire.ts'

/** What programs of OpenSSH call the key. */
export const keyComment = 'postern'

const magic = 'openssh-key-v1\0'
/** Without a cipher everything is padded to 8 bytes. */
const blockBytes = 8
const lineLength = 70

/**
 * An Ed25519 key without a passphrase, as OpenSSH keeps it: releases before 9.5 read no PKCS #8 of it.
 *
 * @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
 */
export function formatPrivateKey(publicBytes: Buffer, seed: Buffer): string {
  const { type, fields } = ed25519Key(publicBytes)
  const publicBlob = Buffer.concat([sshString(type), fields])
  const check = randomBytes(4)
  const secret = Buffer.concat([
    check,
    check,
    publicBlob,
    sshString(Buffer.concat([seed, publicBytes])),
    sshString(keyComment),
  ])
  const padding = Array.from({ length: -secret.length & (blockBytes - 1) }, (_, index) => index + 1)
  const whole = Buffer.concat([
    Buffer.from(magic),
    sshString('none'),
    sshString('none'),
    sshString(''),
    sshUint32(1),
    sshString(publicBlob),
    sshString(Buffer.concat([secret, Buffer.from(padding)])),
  ])
  const lines = whole.toString('base64').match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? []
  return [
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    ...lines,
    '-----END OPENSSH PRIVATE KEY-----',
    '',
  ].join('\n')
}

/** The public half, which stands in it in the open; undefined for whatever else. */
export function publicKeyOf(text: string): SshPublicKey | undefined {
  const [, base64 = ''] =
    /^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=\n]*)-----END/.exec(text) ?? []
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.subarray(0, magic.length).toString('latin1') !== magic) return undefined
  const reader = readSsh(bytes.subarray(magic.length))
  // Cipher, key derivation and its options.
  for (let index = 0; index < 3; index += 1) reader.string()
  const blob = reader.uint32() === 1 ? reader.string() : undefined
  const type = blob === undefined ? undefined : readSsh(blob).string()?.toString('latin1')
  if (blob === undefined || type === undefined) return undefined
  return parseSshPublicKey(`${type} ${blob.toString('base64')}`)
}
