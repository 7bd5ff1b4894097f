import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import { AccessError } from '../errors.ts'
import type { ProviderOptions } from './provider.ts'
import { tryProvider } from './try-provider.ts'

const redirectUri = new URL('https://access.example.com/oauth2/callback')
const scopes = ['openid']
const never = (): AbortSignal => new AbortController().signal

async function startIdp(t: TestContext) {
  const idp = await startDevIdp({
    people: [{ id: 'u-ann', email: 'ann@example.com', name: 'Ann', groups: [] }],
    redirectUris: [redirectUri.href],
  })
  t.after(() => idp.close(0))
  return idp
}

/** A provider that answers as it is told, about any token. */
async function startProvider(
  t: TestContext,
  answer: {
    readonly head?: Record<string, string>
    readonly token: (response: ServerResponse) => void
    readonly authorize?: (response: ServerResponse) => void
  },
): Promise<URL> {
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}`
    if (request.url === '/token') return answer.token(response)
    if (request.url?.startsWith('/authorize') === true && answer.authorize !== undefined)
      return answer.authorize(response)
    response.sendDate = false
    response.writeHead(200, { 'content-type': 'application/json', ...answer.head })
    response.end(
      JSON.stringify({
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        jwks_uri: `${url}/jwks`,
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

function sayError(response: ServerResponse, status: number, body: object): void {
  response.sendDate = false
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

describe('a provider that is tried', () => {
  test('takes a client by its secret, and no other, and nobody signs in for it', async (t) => {
    const { issuer: url, clientId, clientSecret, ...idp } = await startIdp(t)
    const own = { url, clientId, clientSecret, scopes }
    const trial = await tryProvider(own, redirectUri, never())
    assert.deepEqual([trial.client, trial.redirect], ['accepted', 'accepted'])
    assert.ok(Math.abs(trial.clockAheadMs ?? Infinity) <= 2_000)
    for (const other of [{ clientSecret: 'another secret' }, { clientId: 'nobody' }]) {
      const { client } = await tryProvider({ ...own, ...other }, redirectUri, never())
      assert.ok(client instanceof AccessError)
      assert.equal(client.code, 'provider-refused')
      assert.match(client.message, /"invalid_client"/)
    }
    assert.equal(idp.signInCount, 0)
  })

  test('sends browsers back to where it knows the gateway, and nowhere else', async (t) => {
    const { issuer: url, clientId, clientSecret, ...idp } = await startIdp(t)
    const redirectOf = async (to: string, more: Partial<ProviderOptions> = {}) =>
      (await tryProvider({ url, clientId, clientSecret, scopes, ...more }, new URL(to), never()))
        .redirect
    const strange = await redirectOf('https://access.example.net/oauth2/callback')
    assert.ok(strange instanceof AccessError)
    assert.match(strange.message, /nobody back to "https:\/\/access\.example\.net/)
    const unasked = await redirectOf(redirectUri.href, { scopes: ['email'] })
    assert.ok(unasked === 'accepted' || unasked instanceof AccessError)
    idp.setAsksNothing(true)
    assert.equal(await redirectOf(redirectUri.href), 'accepted')
    assert.equal(idp.signInCount, 0)
    idp.setReturnsByScript(true)
    assert.equal(await redirectOf(redirectUri.href), 'unclear')
  })

  test('whose answer is about the gateway itself is told in its words', async (t) => {
    const token = (response: ServerResponse): void =>
      sayError(response, 400, { error: 'invalid_grant' })
    const saidBy = async (query: string): Promise<unknown> => {
      const authorize = (response: ServerResponse): void => {
        response.writeHead(302, { location: `${redirectUri.href}?${query}` }).end()
      }
      const url = await startProvider(t, { token, authorize })
      return (
        await tryProvider({ url, clientId: 'a', clientSecret: 'b', scopes }, redirectUri, never())
      ).redirect
    }
    for (const error of ['login_required', 'interaction_required', 'access_denied'])
      assert.equal(await saidBy(`error=${error}`), 'accepted')
    const scope = await saidBy('error=invalid_scope&error_description=no+groups')
    assert.ok(scope instanceof AccessError)
    assert.match(scope.message, /"invalid_scope": "no groups"/)
  })

  test('says what time it has, of an answer that has waited in a cache as well', async (t) => {
    const token = (response: ServerResponse): void =>
      sayError(response, 400, { error: 'invalid_grant' })
    const at = (shiftMs: number): string => new Date(Date.now() + shiftMs).toUTCString()
    const aheadOf = async (head: Record<string, string>): Promise<number | undefined> => {
      const url = await startProvider(t, { head, token })
      const own = { url, clientId: 'a', clientSecret: 'b', scopes }
      return (await tryProvider(own, redirectUri, never())).clockAheadMs
    }
    const near = async (head: Record<string, string>, ms: number): Promise<void> => {
      const ahead = await aheadOf(head)
      assert.ok(Math.abs((ahead ?? Infinity) - ms) <= 2_000, `${ahead}`)
    }
    await near({ date: at(300_000) }, 300_000)
    await near({ date: at(-90_000) }, -90_000)
    await near({ date: at(-3_600_000), age: '3600' }, 0)
    assert.equal(await aheadOf({}), undefined)
    assert.equal(await aheadOf({ date: 'soon' }), undefined)
  })

  test('that says neither yes nor no is said to, and one whose tokens are out of order', async (t) => {
    const clientAt = async (token: (response: ServerResponse) => void) => {
      const url = await startProvider(t, { token })
      const own = { url, clientId: 'a', clientSecret: 'very secret', scopes }
      return (await tryProvider(own, redirectUri, never())).client
    }
    assert.equal(await clientAt((it) => sayError(it, 400, { error: 'invalid_request' })), 'unclear')
    const broken = await clientAt((it) => sayError(it, 503, {}))
    assert.ok(broken instanceof AccessError)
    assert.equal(broken.code, 'provider-unavailable')
    const gone = await clientAt((it) => it.destroy())
    assert.ok(gone instanceof AccessError)
    assert.equal(gone.code, 'provider-unavailable')
    const chatty = await clientAt((it) =>
      sayError(it, 401, { error: 'invalid_client', error_description: 'not "very secret"' }),
    )
    assert.ok(chatty instanceof AccessError)
    assert.doesNotMatch(chatty.message, /very secret/)
  })

  test('that does not answer, or with something else, is told as that', async (t) => {
    const { issuer: url, clientId, clientSecret, setCondition } = await startIdp(t)
    const own = { url, clientId, clientSecret, scopes }
    setCondition('failing')
    await assert.rejects(tryProvider(own, redirectUri, never()), { code: 'provider-unavailable' })
    setCondition('hanging')
    const signal = AbortSignal.timeout(50)
    await assert.rejects(tryProvider(own, redirectUri, signal), { code: 'provider-unavailable' })
    const elsewhere = new URL(`${url.href}nowhere`)
    setCondition('up')
    await assert.rejects(tryProvider({ ...own, url: elsewhere }, redirectUri, never()), AccessError)
  })
})
