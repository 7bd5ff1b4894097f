import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { createProviderFetch } from './provider-fetch.ts'
import { createProviderKeys } from './provider-keys.ts'

async function serve(t: TestContext, answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`)
}

test('keys are taken from where the provider has them, and a redirect leads nowhere else', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256' }] })
  let asked = 0
  const elsewhere = await serve(t, (_, response) => {
    asked += 1
    response.setHeader('content-type', 'application/json').end(keySet)
  })
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'RS256' }).sign(privateKey)
  const fetch = createProviderFetch(new AbortController().signal)
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await serve(t, (_, response) =>
      response.writeHead(status, { location: elsewhere.href }).end(),
    )
    await assert.rejects(jwtVerify(token, createProviderKeys({ url, fetch }, { pauseMs: 0 })))
  }
  assert.equal(asked, 0, 'somebody else was asked for keys')
  await jwtVerify(token, createProviderKeys({ url: elsewhere, fetch }, { pauseMs: 0 }))
  assert.equal(asked, 1)
})
