import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { exchangeHttp1, startTestGateway, type TestGateway } from '../gateway/gateway.fixture.ts'
import type { PageResponse } from './http/port-handlers.ts'
import { openTestPort } from './port.fixture.ts'

async function gatewayFor(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway([])
  t.after(() => gateway[Symbol.asyncDispose]())
  return gateway
}

describe('a client over HTTP/1.1 that ends its side after asking', () => {
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

  test('gets answers that come after that end, and then the end', async (t) => {
    const { port } = (await openLatePort(t)).address
    assert.match(await exchangeHttp1(port, get('/one'), true), /^HTTP\/1\.1 200 [^]*\/one$/)
    const both = await exchangeHttp1(port, get('/one') + get('/two'), true)
    assert.match(both, /^HTTP\/1\.1 200 [^]*\/oneHTTP\/1\.1 200 [^]*\/two$/)
  })

  test('is a connection of the port until then', async (t) => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<PageResponse>()
    const port = await openTestPort(t, {
      handlers: { request: ({ socket }, response) => socket.once('end', () => ask(response)) },
    })
    const answer = exchangeHttp1(port.address.port, get('/one'), true)
    const response = await asked
    port.stopAccepting()
    let isEmpty = false
    const emptied = port.emptied().then(() => (isEmpty = true))
    for (let turn = 0; turn < 10; turn += 1) await nextTurn()
    assert.equal(isEmpty, false)
    say(response, '/one')
    assert.match(await answer, /one$/)
    await emptied
  })

  test('in the middle of a head is refused as before', async (t) => {
    const { port } = await gatewayFor(t)
    assert.match(await exchangeHttp1(port, 'GET / HTTP/1.1\r\nHo', true), /^HTTP\/1\.1 400 /)
  })

  test('and has nothing under way is let go of', async (t) => {
    const { port } = await gatewayFor(t)
    assert.equal(await exchangeHttp1(port, '', true), '')
  })
})

/** A port that answers each request with its path, a turn after its client has ended. */
function openLatePort(t: TestContext): ReturnType<typeof openTestPort> {
  return openTestPort(t, {
    handlers: {
      request(request, response) {
        const answer = (): void => void setImmediate(() => say(response, request.url ?? ''))
        const { socket } = request
        if (socket.readableEnded) answer()
        else socket.once('end', answer)
      },
    },
  })
}

function say(response: PageResponse, text: string): void {
  response.setHeader('content-length', text.length)
  if ('stream' in response) response.end(text)
  else response.end(text)
}
