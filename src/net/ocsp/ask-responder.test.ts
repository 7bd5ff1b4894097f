import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { freePort } from '../free-port.fixture.ts'
import { askResponder, maxAnswerBytes } from './ask-responder.ts'
import { startResponder, type Respond } from './ocsp.fixture.ts'

const question = Buffer.from('a question')
const { signal } = new AbortController()

/** What comes of a responder that answers so. */
async function ask(t: TestContext, how: Respond, timeoutMs?: number): Promise<Buffer> {
  const responder = await startResponder(t)
  responder.respond(how)
  const options = timeoutMs === undefined ? { signal } : { signal, timeoutMs }
  return askResponder(new URL(responder.url), question, options)
}

test('the question is posted, and the answer handed back as it came', async (t) => {
  let heard: unknown
  const answer = await ask(t, (asked) => (response) => {
    const { method, headers } = response.req
    heard = [method, headers['content-type'], asked.toString()]
    response.writeHead(200).end('an answer')
  })
  assert.equal(answer.toString(), 'an answer')
  assert.deepEqual(heard, ['POST', 'application/ocsp-request', 'a question'])
})

test('an error, and a place that it redirects to, are refused', async (t) => {
  const elsewhere = await startResponder(t)
  for (const [status, headers] of [
    [500, {}],
    [404, {}],
    [302, { location: elsewhere.url }],
    [307, { location: elsewhere.url }],
  ] as const)
    await assert.rejects(
      ask(t, () => (response) => void response.writeHead(status, headers).end('no')),
      { code: 'ocsp-responder-refused', message: new RegExp(`HTTP ${status}$`) },
    )
  assert.equal(elsewhere.asked.length, 0)
})

test('one that would speak another protocol is refused, and not waited for', async (t) => {
  const switching: Respond = () => (response) =>
    void response.socket?.end(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n',
    )
  await assert.rejects(ask(t, switching), { code: 'ocsp-responder-refused', message: /HTTP 101$/ })
})

test('an answer without end is given up at its bound, however it says its length', async (t) => {
  for (const headers of [{}, { 'content-length': '10' + '0'.repeat(9) }]) {
    const ended = Promise.withResolvers<void>()
    const endless: Respond = () => (response) => {
      response.on('close', ended.resolve)
      response.writeHead(200, headers)
      const more = (): void => {
        while (response.write(Buffer.alloc(16_384)));
        response.once('drain', more)
      }
      more()
    }
    await assert.rejects(ask(t, endless), { code: 'ocsp-responder-refused', message: /more than/ })
    await ended.promise
  }
  const largest = Buffer.alloc(maxAnswerBytes, 7)
  assert.deepEqual(await ask(t, () => Promise.resolve(largest)), largest)
})

test('one that answers byte by byte, or never, is not waited for', async (t) => {
  const dripping: Respond = () => (response) => {
    response.writeHead(200)
    const drip = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(drip))
  }
  for (const how of [dripping, () => () => undefined])
    await assert.rejects(ask(t, how, 200), {
      code: 'ocsp-responder-unreachable',
      message: /no whole answer within 0\.2 s$/,
    })
})

test('one that cannot be reached is said with why, and a next step', async () => {
  const url = new URL(`http://127.0.0.1:${await freePort()}/`)
  await assert.rejects(askResponder(url, question, { signal }), {
    code: 'ocsp-responder-unreachable',
    message: /ECONNREFUSED/,
    hint: /let this machine reach/,
  })
})

test('a gateway that closes waits for no answer', async (t) => {
  const responder = await startResponder(t)
  responder.respond(() => () => undefined)
  const ending = new AbortController()
  const asked = askResponder(new URL(responder.url), question, { signal: ending.signal })
  await responder.wasAsked(1)
  ending.abort(new Error('the gateway stops'))
  await assert.rejects(asked, { name: 'AbortError' })
})
