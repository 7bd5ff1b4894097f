import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session } from '../identity/session.ts'
import { silentLogger, type LogFields } from '../log.ts'
import type { Decision } from '../policy/decision.ts'
import { testSession } from './access.fixture.ts'
import { createGroupsClaim } from './groups-claim.ts'

const nothing = { value: false, reasons: [] }
const inNoGroup: Decision = {
  outcome: 'deny',
  allow: { value: false, reasons: ['email-unauthorized', 'groups-unauthorized'] },
  deny: nothing,
  validUntilMs: undefined,
}

function createRig(claimOf: (session: Session) => string | undefined = () => 'groups') {
  const warned: [string, LogFields | undefined][] = []
  const logger = {
    ...silentLogger,
    warn: (text: string, fields?: LogFields) => void warned.push([text, fields]),
  }
  return { warned, claim: createGroupsClaim(logger, claimOf) }
}

function withClaims(claims: Session['claims']): Session {
  return { ...testSession('alice', 'alice@example.com'), claims }
}

test('a person of whom no groups came is told so, and the log what did come', () => {
  const { claim, warned } = createRig()
  const sentence = claim.faultOf(inNoGroup, withClaims({ sub: 'a', roles: [] }))
  assert.equal(
    sentence,
    'the sign-in service sends no claim "groups", which would list your groups',
  )
  const [[text, fields] = []] = warned
  assert.equal(text, 'the groups claim of the identity provider is absent')
  assert.deepEqual(
    [fields?.['claim'], fields?.['provider'], fields?.['issuer'], fields?.['claims-that-came']],
    ['groups', 'default', 'https://login.example.com', ['sub', 'roles']],
  )
  assert.match(
    String(fields?.['hint']),
    /^let the provider send it, name another one in "idp_groups_claim"/,
  )
})

test('so is one whose groups cannot be read, or are too many for the token', () => {
  const { claim, warned } = createRig()
  assert.equal(
    claim.faultOf(inNoGroup, withClaims({ groups: { dba: true } })),
    'the claim "groups" of the sign-in service holds no groups that can be read',
  )
  const elsewhere = withClaims({ _claim_names: { groups: 'src1' } })
  assert.equal(
    claim.faultOf(inNoGroup, elsewhere),
    'you are in more groups than the sign-in service tells this gateway',
  )
  assert.deepEqual(
    warned.map(([text]) => text),
    [
      'the groups claim of the identity provider is unusable',
      'the groups claim of the identity provider is too long for its token',
    ],
  )
  assert.match(String(warned[0]?.[1]?.['hint']), /^let the provider send it/)
  assert.match(String(warned[1]?.[1]?.['hint']), /^let the provider send only the groups/)
})

test('the log says it once for each provider and each fault', () => {
  const { claim, warned } = createRig()
  const absent = withClaims({})
  claim.faultOf(inNoGroup, absent)
  assert.notEqual(claim.faultOf(inNoGroup, absent), undefined)
  assert.equal(warned.length, 1)
  claim.faultOf(inNoGroup, { ...absent, provider: 'second' })
  claim.faultOf(inNoGroup, { ...absent, issuer: 'https://other.example.com' })
  claim.faultOf(inNoGroup, withClaims({ groups: { dba: true } }))
  assert.equal(warned.length, 4)
})

test('nothing is said where groups came, though they are the wrong ones or none', () => {
  const { claim, warned } = createRig()
  for (const groups of [['sales'], []])
    assert.equal(claim.faultOf(inNoGroup, withClaims({ groups })), undefined)
  assert.deepEqual(warned, [])
})

test('nothing is said where no group decided, of a directory, or to anybody but a person', () => {
  const absent = withClaims({})
  const { claim } = createRig()
  const byEmail = { ...inNoGroup, allow: { value: false, reasons: ['email-unauthorized'] } }
  assert.equal(claim.faultOf(byEmail, absent), undefined)
  assert.equal(claim.faultOf(inNoGroup, undefined), undefined)
  const robot = { ...absent, kind: 'service-account' } as unknown as Session
  assert.equal(claim.faultOf(inNoGroup, robot), undefined)
  assert.equal(createRig(() => undefined).claim.faultOf(inNoGroup, absent), undefined)
  const denies = { ...byEmail, deny: { value: true, reasons: ['groups-unauthorized'] } }
  assert.notEqual(claim.faultOf(denies, absent), undefined)
})
