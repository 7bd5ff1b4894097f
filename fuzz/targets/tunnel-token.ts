import assert from 'node:assert/strict'

import { SystemError } from '../../src/errors.ts'
import {
  decodeCredentialsFile,
  decodeTunnelToken,
  encodeCredentialsFile,
  encodeTunnelToken,
  type TunnelCredential,
} from '../../src/tunnel/tunnel-credential.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'the token and the credentials file of a named tunnel, by whoever hands them out',
  covers: ['tunnel/tunnel-credential.ts'],
  tokens: ['null', '{}', '[]', '"', ':', ',', 'true', '0', '"a":""', '"kty":"OKP","crv":"Ed25519"'],
  run(input) {
    const text = input.toString('utf8')
    const token = read(() => decodeTunnelToken(text))
    const packed = read(() => decodeTunnelToken(input.toString('base64')))
    const file = read(() => decodeCredentialsFile(text, 'the file'))
    for (const read of [token, packed, file]) if (read !== undefined) isWrittenAgain(read)
    return [token, packed, file].map((read) => (read === undefined ? '-' : '+')).join('')
  },
}

function read(decode: () => TunnelCredential): TunnelCredential | undefined {
  return attempt(decode, SystemError).value
}

function isWrittenAgain(credential: TunnelCredential): void {
  assert.equal(credential.secret.length, 32)
  assert.match(credential.tunnelId, /^[0-9a-f-]{36}$/)
  assert.ok(credential.grantKeys.length > 0)
  assert.deepEqual(decodeTunnelToken(encodeTunnelToken(credential)), credential)
  assert.deepEqual(decodeCredentialsFile(encodeCredentialsFile(credential), 'the file'), credential)
}
