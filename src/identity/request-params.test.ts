import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import { createProvider } from './provider.ts'

test('the question has the parameters of the configuration, and none of ours is theirs', async (t) => {
  const idp = await startDevIdp({ people: [] })
  t.after(() => idp.close(0))
  const provider = createProvider({
    url: idp.issuer,
    clientId: idp.clientId,
    clientSecret: idp.clientSecret,
    scopes: ['openid'],
    requestParams: { prompt: 'consent', access_type: 'offline', state: 'theirs', nonce: 'theirs' },
  })
  t.after(() => provider.close())
  const checks = { state: 'ours', nonce: 'our nonce', verifier: 'v'.repeat(43) }
  const url = await provider.authorizationUrl(new URL('https://gateway.example/back'), checks)
  const { prompt, access_type, state, nonce } = Object.fromEntries(url.searchParams)
  assert.deepEqual([prompt, access_type, state, nonce], ['consent', 'offline', 'ours', 'our nonce'])
})
