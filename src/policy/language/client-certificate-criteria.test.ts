import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientCertificate } from '../facts.ts'
import { ask, criterionProblems, decide, policyOf, problemsIn, verdict } from './policy.suite.ts'
import { parseRoutePolicy } from './shorthand.ts'

const fingerprint = '0a'.repeat(32)
const spkiHash = Buffer.alloc(32, 7).toString('base64')
const laptop: ClientCertificate = {
  isValid: true,
  fingerprint,
  spkiHash,
  dnsNames: ['Laptop.corp.example', 'laptop'],
  emailAddresses: ['Ada@corp.example'],
  uris: ['spiffe://corp.example/laptop'],
  validUntilMs: undefined,
}
const untrusted = { ...laptop, isValid: false }

const fits = (data: unknown, clientCertificate: ClientCertificate = laptop): boolean =>
  ask({ client_certificate: data }, { clientCertificate }).value

test('client_certificate compares fingerprints, however they are written', () => {
  const colons = '0A'.repeat(32).match(/../g)?.join(':')
  for (const written of [fingerprint, colons, ['ff'.repeat(32), fingerprint]]) {
    assert.equal(fits({ fingerprint: written }), true, JSON.stringify(written))
  }
  assert.equal(fits({ fingerprint: 'ff'.repeat(32) }), false)
})

test('client_certificate compares the hash of the public key', () => {
  assert.equal(fits({ spki_hash: [spkiHash] }), true)
  assert.equal(fits({ spki_hash: Buffer.alloc(32, 8).toString('base64') }), false)
})

test('client_certificate looks for a name among all of its kind', () => {
  assert.equal(fits({ san_dns: 'LAPTOP' }), true)
  assert.equal(fits({ san_dns: { ends_with: '.CORP.example' } }), true)
  assert.equal(fits({ san_email: 'ada@corp.example' }), true)
  assert.equal(fits({ san_uri: { starts_with: 'spiffe://corp.example/' } }), true)
  assert.equal(fits({ san_uri: 'SPIFFE://corp.example/laptop' }), false)
  assert.equal(fits({ san_dns: 'ada@corp.example' }), false)
  assert.equal(fits({ san_uri: { not: 'x' } }, { ...laptop, uris: [] }), false)
})

test('every part of client_certificate must fit', () => {
  assert.equal(fits({ fingerprint, san_dns: 'laptop' }), true)
  assert.equal(fits({ fingerprint, san_dns: 'other' }), false)
})

test('client_certificate says whether there was one, and never believes an untrusted one', () => {
  const criterion = { client_certificate: { fingerprint } }
  const said = (clientCertificate?: ClientCertificate) => ask(criterion, { clientCertificate })
  assert.deepEqual(said(laptop), verdict(true, 'client-certificate-ok'))
  assert.deepEqual(said(untrusted), verdict(false, 'client-certificate-unauthorized'))
  assert.deepEqual(said(), verdict(false, 'client-certificate-required'))
})

test('invalid_client_certificate holds for none and for an untrusted one', () => {
  const said = (clientCertificate?: ClientCertificate) =>
    ask({ invalid_client_certificate: true }, { clientCertificate })
  assert.deepEqual(said(laptop), verdict(false, 'valid-client-certificate'))
  assert.deepEqual(said(untrusted), verdict(true, 'invalid-client-certificate'))
  assert.deepEqual(said(), verdict(true, 'client-certificate-required'))
})

test('whoever lacks a certificate is told so before a sign-in, when the deny side asks for it', () => {
  const policy = [
    { allow: { or: [{ authenticated_user: true }] } },
    { deny: { or: [{ invalid_client_certificate: true }] } },
  ]
  const outcome = (changes: Parameters<typeof decide>[1]) => decide(policy, changes).outcome
  assert.equal(outcome({ subject: undefined }), 'client-certificate')
  assert.equal(outcome({ clientCertificate: untrusted }), 'client-certificate')
  assert.equal(outcome({ subject: undefined, clientCertificate: laptop }), 'sign-in')
  assert.equal(outcome({ clientCertificate: laptop }), 'allow')
})

test('an allow rule asks for a sign-in first, and then for the certificate', () => {
  const policy = {
    allow: { and: [{ authenticated_user: true }, { client_certificate: { fingerprint } }] },
  }
  const outcome = (changes: Parameters<typeof decide>[1]) => decide(policy, changes).outcome
  assert.equal(outcome({ subject: undefined }), 'sign-in')
  assert.equal(outcome({}), 'client-certificate')
  assert.equal(outcome({ clientCertificate: untrusted }), 'deny')
  assert.equal(outcome({ clientCertificate: laptop }), 'allow')
})

test('a decision that heeds a certificate is made again when the certificate expires', () => {
  const policy = { deny: { or: [{ invalid_client_certificate: true }] } }
  const clientCertificate = { ...laptop, validUntilMs: 5_000 }
  assert.equal(decide(policy, { clientCertificate, nowMs: 1 }).validUntilMs, 5_000)
  assert.equal(decide({}, { clientCertificate, nowMs: 1 }).validUntilMs, undefined)
})

test('client_certificate refuses what it cannot mean', () => {
  for (const data of [
    null,
    'laptop',
    [],
    {},
    { fingerprint: '' },
    { fingerprint: [] },
    { fingerprint: 'ab'.repeat(20) },
    { fingerprint: `${'AA:'.repeat(31)}AA:` },
    { fingerprint: 'zz'.repeat(32) },
    { spki_hash: fingerprint },
    { spki_hash: `${spkiHash.slice(0, -2)}d=` },
    { san_dns: ['laptop'] },
    { san_dns: {} },
    { san_ip: '10.0.0.1' },
  ]) {
    const problems = criterionProblems({ client_certificate: data })
    assert.equal(problems.length, 1, JSON.stringify(data))
  }
  assert.deepEqual(criterionProblems({ client_certificate: { san_email: 'a', fingerprnt: 'b' } }), [
    'client_certificate.fingerprnt: unknown key "fingerprnt", expected "fingerprint", "spki_hash", "san_dns", "san_email" or "san_uri" (did you mean "fingerprint"?)',
  ])
})

test('a route may only ask for certificates where the gateway does', () => {
  const document = [{ deny: { or: [{ invalid_client_certificate: true }] } }]
  const hint = 'add "downstream_mtls" with the authorities that sign client certificates'
  assert.deepEqual(problemsIn(parseRoutePolicy(document, {})), [
    `policy.0.deny.or.0.invalid_client_certificate: criterion "invalid_client_certificate" needs "downstream_mtls" in this file (${hint})`,
  ])
  assert.deepEqual(problemsIn(parseRoutePolicy(document[0], {})).length, 1)
  assert.equal(policyOf(parseRoutePolicy(document, {}, 'policy')).readsClientCertificate, true)
})

test('a default deny holds beside every rule, on public routes too', () => {
  const policy = policyOf(
    parseRoutePolicy(undefined, { allowPublicUnauthenticatedAccess: true }, 'default-deny'),
  )
  assert.equal(policy.readsSubject, false)
  const facts = { subject: undefined, method: 'CONNECT', path: '', sourceIp: '', nowMs: 0 }
  assert.equal(policy.evaluate(facts).outcome, 'client-certificate')
  assert.equal(policy.evaluate({ ...facts, clientCertificate: laptop }).outcome, 'allow')
})
