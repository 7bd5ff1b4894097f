import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SystemError } from '../errors.ts'
import {
  decodeCredentialsFile,
  decodeTunnelToken,
  encodeCredentialsFile,
  encodeTunnelToken,
  type TunnelCredential,
} from './tunnel-credential.ts'

const credential: TunnelCredential = {
  accountTag: '699d98642c564d2e855e9661899b7252',
  tunnelId: '11111111-2222-3333-4444-555555555555',
  secret: Buffer.alloc(32, 7),
  gateway: 'https://gw.example.com',
  grantKeys: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }],
  ca: '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n',
}

const base64Json = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')

test('a credential survives both its forms', () => {
  assert.deepEqual(decodeTunnelToken(` ${encodeTunnelToken(credential)}\n`), credential)
  assert.deepEqual(decodeCredentialsFile(encodeCredentialsFile(credential), 'x.json'), credential)
  const { ca: _, ...known } = credential
  assert.equal(decodeTunnelToken(encodeTunnelToken(known)).ca, undefined)
})

test('a stock connector finds what it reads where it looks for it', () => {
  const token = JSON.parse(Buffer.from(encodeTunnelToken(credential), 'base64').toString())
  assert.equal(token.a, credential.accountTag)
  assert.equal(token.t, credential.tunnelId)
  assert.equal(token.s, credential.secret.toString('base64'))
  const file = JSON.parse(encodeCredentialsFile(credential))
  assert.equal(file.AccountTag, credential.accountTag)
  assert.equal(file.TunnelID, credential.tunnelId)
  assert.equal(file.TunnelSecret, credential.secret.toString('base64'))
})

test('a credential of Cloudflare is said to be one', () => {
  const s = Buffer.alloc(32, 7).toString('base64')
  const token = base64Json({ a: 'x', t: credential.tunnelId, s })
  assert.throws(() => decodeTunnelToken(token), /the token is for Cloudflare: it names no gateway/)
  const file = JSON.stringify({ AccountTag: 'x', TunnelSecret: s, TunnelID: credential.tunnelId })
  assert.throws(() => decodeCredentialsFile(file, '"x.json"'), /"x\.json" is for Cloudflare/)
})

test('what is no credential is refused without being shown', () => {
  const secret = 'c2VjcmV0'
  for (const token of [
    '',
    secret,
    base64Json(null),
    base64Json([secret]),
    base64Json({ a: '', t: 'not-a-uuid', s: secret, g: 'x', k: [] }),
    base64Json({ ...json(), s: secret }),
    base64Json({ ...json(), k: [] }),
    base64Json({ ...json(), k: [{ kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) }] }),
  ]) {
    assert.throws(
      () => decodeTunnelToken(token),
      (error) =>
        error instanceof SystemError &&
        error.code === 'invalid-tunnel-token' &&
        !error.message.includes(secret),
      token,
    )
  }
})

function json(): Record<string, unknown> {
  return JSON.parse(Buffer.from(encodeTunnelToken(credential), 'base64').toString())
}
