import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codePoint } from '../code-point.fixture.ts'
import {
  decodeDeviceCodeAnswer,
  decodeDeviceCodeRequest,
  decodeDevicePoll,
  encodeDeviceCodeAnswer,
  encodeDeviceCodeRequest,
  encodeDevicePoll,
  maxCommandLength,
  maxHostLength,
} from './device.ts'

const answer = {
  deviceCode: 'abcdefghijklmnopqrstuvwxyz0123456789_-ABCDE',
  userCode: 'WDJB-MJHT',
  verificationUri: 'https://access.example.com/.postern/device',
  verificationUriComplete: 'https://access.example.com/.postern/device?code=WDJB-MJHT',
  expiresInSeconds: 600,
  intervalSeconds: 5,
}

const parse = (body: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(body))

test('a request, its answer and a poll are read as they were written', () => {
  const request = { host: 'build-7', command: 'postern tcp db:5432' }
  assert.deepEqual(decodeDeviceCodeRequest(parse(encodeDeviceCodeRequest(request))), request)
  assert.deepEqual(decodeDeviceCodeAnswer(encodeDeviceCodeAnswer(answer)), answer)
  assert.equal(decodeDevicePoll(parse(encodeDevicePoll(answer.deviceCode))), answer.deviceCode)
})

test('the answer has the names of RFC 8628, and those may be left out that the RFC lets out', () => {
  const written = JSON.parse(encodeDeviceCodeAnswer(answer)) as Record<string, unknown>
  assert.deepEqual(Object.keys(written), [
    'device_code',
    'user_code',
    'verification_uri',
    'verification_uri_complete',
    'expires_in',
    'interval',
  ])
  const { interval: _, verification_uri_complete: __, ...required } = written
  const read = decodeDeviceCodeAnswer(JSON.stringify(required))
  assert.equal(read?.intervalSeconds, 5)
  assert.equal(read?.verificationUriComplete, answer.verificationUri)
})

test('an answer that a terminal or a browser might obey is none', () => {
  const written = JSON.parse(encodeDeviceCodeAnswer(answer)) as Record<string, unknown>
  for (const change of [
    { user_code: '\u001B[2J-WDJB' },
    { user_code: 7 },
    { device_code: 'a b' },
    { verification_uri: 'javascript:alert(1)' },
    { verification_uri: 'file:///etc/passwd' },
    { expires_in: 1e9 },
    { expires_in: undefined },
  ]) {
    assert.equal(decodeDeviceCodeAnswer(JSON.stringify({ ...written, ...change })), undefined)
  }
  for (const text of ['', 'null', '[]', '<html>'])
    assert.equal(decodeDeviceCodeAnswer(text), undefined)
})

test('whatever a machine says of itself is short, printable text', () => {
  const unit = fc.oneof(fc.string({ unit: codePoint, maxLength: 600 }), fc.anything())
  fc.assert(
    fc.property(unit, unit, (host, command) => {
      const read = decodeDeviceCodeRequest({ host, command })
      assert.ok(read.host.length <= maxHostLength && read.command.length <= maxCommandLength)
      assert.doesNotMatch(read.host + read.command, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
    }),
  )
  assert.equal(decodeDeviceCodeRequest({ host: 'a\u202Eb\n\u0000c' }).host, 'a b c')
})

test('what is no poll has no secret', () => {
  const form = parse(encodeDevicePoll('s'))
  for (const change of [
    { grant_type: 'password' },
    { device_code: '' },
    { device_code: 'x'.repeat(513) },
    { device_code: ['a', 'b'] },
  ]) {
    assert.equal(decodeDevicePoll({ ...form, ...change }), undefined)
  }
})
