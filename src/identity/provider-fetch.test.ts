import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createProviderFetch } from './provider-fetch.ts'

const get = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const

async function serve(t: TestContext, body: Buffer): Promise<string> {
  const server = createServer((_req, res) => res.end(body)).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('http to another machine is refused before a connection is made', async () => {
  const fetch = createProviderFetch(new AbortController().signal)
  for (const url of ['http://idp.example.com/token', 'http://127.0.0.1.example.com/', 'ftp://a/']) {
    await assert.rejects(fetch(url, get), { code: 'insecure-provider-url' })
  }
})

test('an answer of up to a mebibyte is read, a larger one is given up', async (t) => {
  const fetch = createProviderFetch(new AbortController().signal)
  const fits = await fetch(await serve(t, Buffer.alloc(1_048_576)), get)
  assert.equal((await fits.arrayBuffer()).byteLength, 1_048_576)
  await assert.rejects(fetch(await serve(t, Buffer.alloc(1_048_577)), get), {
    code: 'provider-response-too-large',
  })
})

test('an empty answer keeps its status', async (t) => {
  const fetch = createProviderFetch(new AbortController().signal)
  assert.equal((await fetch(await serve(t, Buffer.alloc(0)), get)).status, 200)
})

test('closing ends a request under way', async (t) => {
  const closing = new AbortController()
  const server = createServer(() => closing.abort()).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  await assert.rejects(createProviderFetch(closing.signal)(url, get), { name: 'AbortError' })
})
