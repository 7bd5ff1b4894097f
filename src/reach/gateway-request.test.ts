import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { UpstreamError } from '../errors.ts'
import { parseGatewayUrl } from './destination.ts'
import { createDialer } from './dialer.ts'
import { createSendToGateway } from './gateway-request.ts'
import type { HttpAnswer } from './http-answer.ts'
import { loadTrust } from './trust.ts'

/** Asks a port that answers every request with 400 and these words, without TLS. */
async function ask(words: string): Promise<{ answer: HttpAnswer | Error; port: number }> {
  const server = createServer((_request, response) => response.writeHead(400).end(words))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const gateway = parseGatewayUrl(`http://127.0.0.1:${port}`)
  const send = createSendToGateway(createDialer({ gateway, trust: await loadTrust({}) }))
  const signal = AbortSignal.timeout(10_000)
  const answer = await send({ method: 'GET', path: '/' }, signal).catch((error: Error) => error)
  server.close()
  return { answer, port }
}

/** What TLS ports answer to HTTP without it, by whom. */
const ofTlsPorts: Readonly<Record<string, string>> = {
  ours: 'this port speaks HTTPS, and this was HTTP without TLS: use an https:// address\n',
  nginx: '<center>The plain HTTP request was sent to HTTPS port</center>',
  Go: 'Client sent an HTTP request to an HTTPS server.\n',
  Apache: "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
}

for (const [whose, words] of Object.entries(ofTlsPorts)) {
  test(`an answer of a TLS port that was asked without is told as that: ${whose}`, async () => {
    const { answer, port } = await ask(words)
    assert.ok(answer instanceof UpstreamError)
    assert.equal(answer.message, `"127.0.0.1:${port}" speaks HTTPS, and was asked without TLS`)
    assert.equal(answer.hint, `write "https://127.0.0.1:${port}"`)
  })
}

test('another answer with the same status is an answer', async () => {
  const { answer } = await ask('{"error":"authorization_pending"}')
  assert.equal((answer as HttpAnswer).status, 400)
})
