import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import { callbackOrigin, openIdentity, signInBy } from './identity.fixture.ts'
import type { FinishedSignIn } from './sign-in.ts'

const email = 'alice@example.com'
const people = [{ id: 'u-alice', email, name: 'Alice', groups: [] }]
const discovery = '/.well-known/openid-configuration'

type Answer = (usual: Response, question: RequestInit) => Response | Promise<Response>

/** Signs somebody in at a provider that answers otherwise than usual on one path. */
async function signInWhere(t: TestContext, path: string, answer: Answer): Promise<FinishedSignIn> {
  const idp = await startDevIdp({ people, asksNothing: email })
  t.after(() => idp.close(0))
  const fixture = await openIdentity(idp)
  t.after(() => fixture[Symbol.asyncDispose]())
  const { fetch } = globalThis
  const mocked = t.mock.method(globalThis, 'fetch', async (url: URL, question: RequestInit) => {
    const usual = await fetch(url, question)
    return url.pathname === path ? answer(usual, question) : usual
  })
  const stopBefore = ({ origin }: URL): boolean => origin === callbackOrigin
  try {
    return await signInBy(
      fixture,
      async (location) => (await signInWithForms(location, { email }, { stopBefore })).url,
    )
  } finally {
    mocked.mock.restore()
  }
}

const documentWith =
  (change: Readonly<Record<string, unknown>>): Answer =>
  async (usual) =>
    Response.json({ ...((await usual.json()) as object), ...change })

describe('the discovery document of a provider', () => {
  test('is said to be wrong, not out of reach, where an address is missing or none', async (t) => {
    for (const [name, value, fault] of [
      ['authorization_endpoint', undefined, 'has no'],
      ['authorization_endpoint', 'javascript:alert(1)', 'has no web address in its'],
      ['token_endpoint', 7, 'has no web address in its'],
      ['jwks_uri', '/jwks', 'has no web address in its'],
      ['userinfo_endpoint', null, 'has no web address in its'],
    ] as const) {
      await assert.rejects(signInWhere(t, discovery, documentWith({ [name]: value })), {
        code: 'provider-invalid',
        message: `the discovery document of the sign-in service ${fault} "${name}"`,
      })
    }
  })

  test('may have something else in the place of a list', async (t) => {
    for (const lists of [5, null, {}, 'openid groups']) {
      const changed = documentWith({
        scopes_supported: lists,
        token_endpoint_auth_methods_supported: lists,
      })
      assert.equal((await signInWhere(t, discovery, changed)).session.userId, 'u-alice')
    }
  })
})

test('a provider that repeats what it was asked tells nobody a secret', async (t) => {
  for (const challenge of [{}, { 'www-authenticate': 'Basic realm="x"' }]) {
    const sent: string[] = []
    const refused = signInWhere(t, '/token', (_, { headers, body }) => {
      const credentials = new Headers(headers).get('authorization') ?? ''
      const form = new URLSearchParams(body as string)
      const [, secret = ''] = Buffer.from(credentials.slice(6), 'base64').toString().split(':')
      sent.push(
        credentials.slice(6),
        secret,
        form.get('code') ?? '',
        form.get('code_verifier') ?? '',
      )
      const error_description = `what is ${credentials} (${secret}) with ${form.toString()}`
      const error = { error: 'invalid_client', error_description }
      return Response.json(error, { status: 401, headers: challenge })
    })
    await assert.rejects(refused, ({ message }: Error) => {
      assert.match(message, /"invalid_client": "what is Basic \[redacted\] \(\[redacted\]\) with /)
      assert.equal(sent.length, 4)
      for (const secret of sent) assert.ok(secret !== '' && !message.includes(secret), secret)
      return true
    })
  }
})
