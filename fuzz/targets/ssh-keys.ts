import assert from 'node:assert/strict'

import { parseCertificate } from '../../src/tunnel/ssh/certificate.ts'
import { formatSshPublicKey, parseSshPublicKey } from '../../src/tunnel/ssh/public-key.ts'
import { decodeSshSignRequest } from '../../src/tunnel/ssh-sign.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'public keys that are to be signed, and certificates in files, of SSH',
  covers: [
    'tunnel/ssh/public-key.ts',
    'tunnel/ssh/certificate.ts',
    'tunnel/ssh/wire.ts',
    'tunnel/ssh-sign.ts',
  ],
  tokens: [
    'ssh-ed25519 ',
    'ecdsa-sha2-nistp256 ',
    '-cert-v01@openssh.com ',
    'AAAA',
    'sk-ssh-ed25519@openssh.com ',
    '\n',
    ' comment',
  ],
  run(input) {
    // As it stands in a file; and its second word as bytes, which are changed more than once by that.
    const text = input.toString('latin1')
    const found = [text, packed(input)].map((line) => {
      const key = parseSshPublicKey(line)
      if (key !== undefined) {
        assert.deepEqual(parseSshPublicKey(formatSshPublicKey(key)), key)
        assert.deepEqual(parseSshPublicKey(`${formatSshPublicKey(key)} a comment\n`), key)
      }
      const certificate = parseCertificate(line)
      if (certificate !== undefined) {
        assert.ok(certificate.principals.join('').length <= line.length)
        assert.ok(certificate.extensions.length <= line.length)
      }
      return `${key?.type ?? '-'} ${certificate?.type ?? '-'}`
    })
    const request: unknown = URL.canParse(text) ? { public_key: text } : { publicKey: text }
    decodeSshSignRequest(request)
    return found.join(' ')
  },
}

/** A type of key that the first byte chooses, and the rest as its bytes. */
function packed(input: Buffer): string {
  const types = [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'sk-ssh-ed25519@openssh.com',
    'ssh-ed25519-cert-v01@openssh.com',
  ]
  const type = types[(input[0] ?? 0) % types.length] ?? ''
  const name = Buffer.alloc(4 + type.length)
  name.writeUInt32BE(type.length)
  name.write(type, 4)
  return `${type} ${Buffer.concat([name, input.subarray(1)]).toString('base64')}`
}
