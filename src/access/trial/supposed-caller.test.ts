import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Subject } from '../../policy/facts.ts'
import { isNamed, noNetwork, suppose, type Trial } from './supposed-caller.ts'

const ann: Subject = {
  kind: 'person',
  userId: 'u-ann',
  provider: 'partner',
  email: 'ann@corp.example',
  emailVerified: false,
  groups: ['dba'],
  claims: { team: 'data' },
}
const nowMs = 1_700_000_000_000
const fromNowhere = [
  "comes from 192.0.2.1, which is in nobody's network",
  'shows no client certificate',
]
const assumedOf = (trial: Trial, known?: Subject) => suppose(trial, known, nowMs).assumed
const subjectOf = (trial: Trial, known?: Subject) => suppose(trial, known, nowMs).caller.subject

test('whoever is not named is not signed in', () => {
  const { caller, assumed } = suppose({}, undefined, nowMs)
  assert.deepEqual(caller, {
    subject: undefined,
    isAsSaid: false,
    ip: noNetwork,
    clientCertificate: undefined,
    nowMs,
  })
  assert.deepEqual(assumed, ['is not signed in', ...fromNowhere])
})

test('what is known of somebody holds where the trial does not say otherwise', () => {
  assert.deepEqual(subjectOf({ person: 'ann@corp.example' }, ann), ann)
  assert.deepEqual(assumedOf({ person: 'ann@corp.example' }, ann), fromNowhere)
  const said = {
    userId: 'u-2',
    provider: 'default',
    emailVerified: true,
    groups: ['ops'],
    claims: { team: 'web' },
  }
  assert.deepEqual(subjectOf({ person: 'x', ...said }, ann), { ...ann, ...said })
})

test('of a stranger everything is assumed, and said', () => {
  assert.deepEqual(subjectOf({ person: 'bo@corp.example' }), {
    kind: 'person',
    userId: 'bo@corp.example',
    provider: 'default',
    email: 'bo@corp.example',
    emailVerified: true,
    groups: [],
    claims: {},
  })
  assert.deepEqual(assumedOf({ person: 'bo@corp.example' }), [
    'has a verified email address',
    'is in no group but those of the directory',
    'has no claims',
    ...fromNowhere,
  ])
  assert.equal(subjectOf({ person: 'u-bo' })?.email, undefined)
  assert.equal(subjectOf({ person: 'u-bo' })?.emailVerified, false)
  assert.deepEqual(assumedOf({ person: 'u-bo' }), [
    'has no email address',
    'is in no group but those of the directory',
    'has no claims',
    ...fromNowhere,
  ])
})

test('what a trial says of a stranger is not assumed', () => {
  const trial = {
    person: 'bo@corp.example',
    emailVerified: false,
    groups: [],
    claims: {},
    ip: '10.0.0.1',
    certificate: {},
  }
  assert.deepEqual(assumedOf(trial), [])
  assert.equal(subjectOf(trial)?.emailVerified, false)
})

test('of whom nothing that is known is added, neither groups nor a block are', () => {
  const trial = { person: 'u-bo', claims: {}, isAsSaid: true }
  const { caller, assumed } = suppose(trial, undefined, nowMs)
  assert.equal(caller.isAsSaid, true)
  assert.deepEqual(assumed, [
    'has no email address',
    'is in no group',
    'is not blocked',
    ...fromNowhere,
  ])
})

test('a service account has nothing but its id, whatever is known of a person', () => {
  const account = {
    kind: 'service-account',
    userId: 'backup',
    email: undefined,
    emailVerified: false,
    groups: [],
    claims: {},
  }
  assert.deepEqual(subjectOf({ serviceAccount: 'backup', person: 'ann' }, ann), account)
  assert.deepEqual(assumedOf({ serviceAccount: 'backup' }), fromNowhere)
})

test('a trial says from where, when, and with which certificate', () => {
  const { caller } = suppose({ ip: '10.0.0.1', atMs: 7, certificate: {} }, undefined, nowMs)
  assert.deepEqual([caller.ip, caller.nowMs], ['10.0.0.1', 7])
  const trusted = {
    isValid: true,
    fingerprint: '',
    spkiHash: '',
    dnsNames: [],
    emailAddresses: [],
    uris: [],
    validUntilMs: undefined,
  }
  assert.deepEqual(caller.clientCertificate, trusted)
  const certificate = {
    valid: false,
    fingerprint: 'AB:CD:EF',
    spkiHash: 'hash',
    dnsNames: ['a'],
    emailAddresses: ['b'],
    uris: ['c'],
  }
  const { valid: _, ...rest } = certificate
  assert.deepEqual(suppose({ certificate }, undefined, nowMs).caller.clientCertificate, {
    ...trusted,
    ...rest,
    isValid: false,
    fingerprint: 'abcdef',
  })
})

test('somebody is named by their id as it is, or by their address whatever its case', () => {
  for (const name of ['u-ann', 'ann@corp.example', 'ANN@Corp.example'])
    assert.equal(isNamed(ann, name), true, name)
  for (const name of ['U-ANN', 'ann', '']) assert.equal(isNamed(ann, name), false, name)
  assert.equal(isNamed({ ...ann, email: undefined }, 'ann@corp.example'), false)
})
