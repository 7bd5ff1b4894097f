import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testSession } from '../../gateway/gateway.fixture.ts'
import type { Identity } from '../../identity/identity.ts'
import type { AnySession } from '../../identity/session.ts'
import { codeChallengeOf, formatLoginPath } from '../../tunnel/sign-in.ts'
import type { SignInParts } from '../sign-in/parts.ts'
import { createLoginApi } from './login-api.ts'

const origin = new URL('https://auth.example.com')
const account: AnySession = {
  kind: 'service-account',
  id: 'a',
  userId: 'backup',
  email: undefined,
  emailVerified: false,
  groups: [],
  claims: {},
  expiresAtMs: undefined,
}

/** The sign-in address for whoever is known by their token. */
async function addressFor(session: AnySession): Promise<string> {
  const identity: Partial<Identity> = {
    fromHeaders: () => Promise.resolve({ session, version: 1 }),
    sealRenewal: (id) => Promise.resolve(`sealed-${id}`),
    signUrl: (url) => url,
  }
  const parts: Partial<SignInParts> = {
    identity: identity as Identity,
    origin,
    parseRedirect: (text) => new URL(text),
  }
  const codeChallenge = codeChallengeOf('v'.repeat(43))
  const path = formatLoginPath({ redirectUri: 'http://127.0.0.1:1/x', codeChallenge })
  const answer = await createLoginApi(parts as SignInParts).request(new URL(path, origin))
  assert.equal(answer.status, 200)
  return answer.text()
}

test('the session of a person is renewed by a sign-in, and that of a service account never', async () => {
  const renews = async (session: AnySession): Promise<string | null> =>
    new URL(await addressFor(session)).searchParams.get('postern_renews')
  assert.equal(await renews(testSession('s', 'ada@example.com')), 'sealed-s')
  assert.equal(await renews(account), null)
})
