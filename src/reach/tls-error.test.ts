import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGatewayUrl } from './destination.ts'
import { wantsClientCertificate } from '../net/runtime.ts'
import { isUnknownIssuer, tlsError } from './tls-error.ts'

const gateway = parseGatewayUrl('https://gw.example.com')

function tlsFailure(code: string, fields: object = {}): Error {
  return Object.assign(new Error('40C379C2217F0000:error:0A000460:SSL routines'), {
    code,
    ...fields,
  })
}

test('only what is about the certificate counts as a lack of trust', () => {
  for (const code of [
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'SELF_SIGNED_CERT_IN_CHAIN',
  ]) {
    assert.equal(tlsError(gateway, tlsFailure(code)).code, 'gateway-not-trusted', code)
  }
  for (const code of [
    'ECONNRESET',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  ]) {
    assert.equal(tlsError(gateway, tlsFailure(code)).code, 'gateway-unreachable', code)
  }
})

test('a certificate that signed itself is told apart from an unknown authority', () => {
  assert.match(
    tlsError(gateway, tlsFailure('DEPTH_ZERO_SELF_SIGNED_CERT')).message,
    /signed itself/,
  )
  assert.match(
    tlsError(gateway, tlsFailure('UNABLE_TO_VERIFY_LEAF_SIGNATURE')).message,
    /authority/,
  )
  assert.ok(isUnknownIssuer(tlsFailure('DEPTH_ZERO_SELF_SIGNED_CERT')))
  assert.ok(!isUnknownIssuer(tlsFailure('CERT_HAS_EXPIRED')))
})

test('what OpenSSL says is told without the place in its source', () => {
  const { message } = tlsError(
    gateway,
    tlsFailure('ERR_SSL_X', { reason: 'tlsv1 alert internal error' }),
  )
  assert.equal(
    message,
    'the gateway "gw.example.com:443" failed the TLS handshake: tlsv1 alert internal error',
  )
})

test('a TLS 1.3 gateway that misses a client certificate is recognised', () => {
  assert.ok(wantsClientCertificate(tlsFailure('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')))
  assert.ok(!wantsClientCertificate(tlsFailure('ECONNRESET')))
})
