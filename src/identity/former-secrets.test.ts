import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { createApplicationTokens } from './application-tokens.ts'
import { deriveKeys } from './keys.ts'
import { createServiceAccountTokens } from './service-account-token.ts'
import { createSessionCookie } from './session-cookie.ts'
import type { Session } from './session.ts'
import { createSigningKeys } from './signing-keys.ts'
import { createTokens } from './tokens.ts'

const secret = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const hour = 3_600_000
const former = deriveKeys(secret(1), secret(2))
const next = deriveKeys(secret(3), secret(4))
const clock = createFakeClock()
const session = {
  id: 's1',
  userId: 'u1',
  email: 'alice@example.com',
  issuedAtMs: clock.now(),
  expiresAtMs: clock.now() + hour,
} as Session

describe('what a former secret has made is good as long as that is known, and made anew by the one in use', () => {
  test('a token of a client', async () => {
    const before = createTokens('gate', former.token)
    const both = createTokens('gate', next.token, [former.token])
    const alone = createTokens('gate', next.token)
    const old = await before.issue(session)
    assert.equal((await both.read(old))?.sessionId, 's1')
    assert.equal(await both.userOf(old), 'u1')
    assert.equal(await alone.read(old), undefined)
    assert.equal((await alone.read(await both.issue(session)))?.sessionId, 's1')
  })

  test('the cookie of a browser', async () => {
    const before = createSessionCookie('gate', former.sessionCookie)
    const both = createSessionCookie('gate', next.sessionCookie, [former.sessionCookie])
    const alone = createSessionCookie('gate', next.sessionCookie)
    const old = await before.issue(session)
    assert.equal((await both.read(old))?.sessionId, 's1')
    assert.equal(await alone.read(old), undefined)
    assert.equal((await alone.read(await both.issue(session)))?.sessionId, 's1')
  })

  test('the token of a service account', async () => {
    const [oldKey, newKey] = [former.serviceAccountToken, next.serviceAccountToken]
    const before = createServiceAccountTokens('gate', oldKey, clock)
    const both = createServiceAccountTokens('gate', newKey, clock, [oldKey])
    const alone = createServiceAccountTokens('gate', newKey, clock)
    const claims = { id: 'ci', secret: 'x', issuedAtMs: clock.now(), expiresAtMs: undefined }
    const old = await before.issue(claims)
    assert.equal((await both.read(old))?.id, 'ci')
    assert.equal(await alone.read(old), undefined)
    assert.equal((await alone.read(await both.issue(claims)))?.id, 'ci')
  })

  test('the token of an application', async (t) => {
    const store = await openSqliteStore(':memory:', [
      { setting: 'shared_secret', bytes: secret(9) },
    ])
    t.after(() => store.close())
    const keys = createSigningKeys(store, clock)
    const by = (audienceKey: Uint8Array, formerAudienceKeys: readonly Uint8Array[] = []) =>
      createApplicationTokens({
        origin: new URL('https://gate'),
        keys,
        audienceKey,
        formerAudienceKeys,
        sessionLifeMs: hour,
        clock,
      })
    const old = (await by(former.applicationAudience).issue(session, 'db.site.com')) ?? ''
    const both = by(next.applicationAudience, [former.applicationAudience])
    assert.deepEqual(await both.read(old, 'db.site.com'), { sessionId: 's1' })
    assert.ok('fault' in (await both.read(old, 'ssh.site.com')))
    assert.ok('fault' in (await by(next.applicationAudience).read(old, 'db.site.com')))
    const made = (await both.issue(session, 'db.site.com')) ?? ''
    assert.deepEqual(await by(next.applicationAudience).read(made, 'db.site.com'), {
      sessionId: 's1',
    })
  })
})
