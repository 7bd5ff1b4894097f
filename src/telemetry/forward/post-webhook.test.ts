import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { createSecureContext } from 'node:tls'
import { createFakeClock } from '../../fake-clock.ts'
import { isBun } from '../../is-bun.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { createWebhookPost, type WebhookTarget } from './post-webhook.ts'

const secret = Buffer.from('a secret of thirty-two bytes ...')
const message = { id: 'audit_1', body: '{"who":"Ada ü"}\n', contentType: 'application/x-ndjson' }

/** The clock of the sender stands still: what hangs would hang for good. */
const limited = { timeout: 60_000 }

interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
  /** `nothing`: the head comes, and what there is of the body; `reset`: the connection ends there. */
  readonly behindIt?: 'nothing' | 'reset'
}

/** A receiver that answers as it is told, in order, and 204 after that. */
async function listen(t: TestContext, server: Server = createHttpServer()) {
  const received: { readonly request: IncomingMessage; readonly body: string }[] = []
  const receiver = { received, answers: [] as (Answer | 'nothing')[], server }
  server.on('request', (request, response) => {
    void text(request).then((body) => {
      const answer = receiver.answers[received.length] ?? { status: 204 }
      received.push({ request, body })
      server.emit('received')
      if (answer === 'nothing') return
      response.writeHead(answer.status, answer.headers)
      if (answer.behindIt === undefined) response.end(answer.body)
      else
        response.write(answer.body ?? '', () => {
          if (answer.behindIt === 'reset') request.socket.resetAndDestroy()
        })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return receiver
}

function urlOf(server: Server, scheme = 'http', host = '127.0.0.1'): URL {
  return new URL(`${scheme}://${host}:${(server.address() as AddressInfo).port}/hook?a=b`)
}

function posting(t: TestContext, target: Partial<WebhookTarget> & { url: URL }) {
  const clock = createFakeClock()
  const { post, close } = createWebhookPost({ secret, tls: undefined, ...target }, { clock })
  const ended = new AbortController()
  t.after(() => {
    ended.abort()
    close()
  })
  return { clock, ended, post: () => post(message, ended.signal) }
}

test('a message is posted with its time and a signature over all of it', limited, async (t) => {
  const { received, server } = await listen(t)
  const { post } = posting(t, { url: urlOf(server) })
  assert.deepEqual(await post(), { kind: 'taken' })
  const [{ request, body } = assert.fail()] = received
  assert.deepEqual([request.method, request.url, body], ['POST', '/hook?a=b', message.body])
  assert.equal(request.headers['content-type'], message.contentType)
  const { 'webhook-id': id, 'webhook-timestamp': at } = request.headers
  assert.deepEqual([id, at], [message.id, String(Date.UTC(2026, 0, 1) / 1000)])
  const mac = createHmac('sha256', secret)
    .update(`${message.id}.${String(at)}.${body}`)
    .digest('base64')
  assert.equal(request.headers['webhook-signature'], `v1,${mac}`)
})

test('an answer says whether it is worth another attempt, and when', limited, async (t) => {
  const receiver = await listen(t)
  const { post, clock } = posting(t, { url: urlOf(receiver.server) })
  const inAnHour = new Date(clock.now() + 3_600_000).toUTCString()
  const anHourAgo = new Date(clock.now() - 3_600_000).toUTCString()
  const retry = (after: string) => ({ status: 503, headers: { 'retry-after': after } })
  receiver.answers = [
    { status: 503, body: 'down \u001b[31m for a while' },
    ...['120', inAnHour, anHourAgo, '-1', '1e9', '99999999999'].map(retry),
    { status: 400, body: 'no such field' },
    { status: 302, headers: { location: '/elsewhere' } },
  ]
  const later = (retryAfterMs?: number) => ({
    kind: 'later',
    why: 'it answered 503',
    retryAfterMs,
  })
  const expected = [
    { ...later(), why: 'it answered 503 "down  [31m for a while"' },
    ...[120_000, 600_000, 0].map(later),
  ]
  for (const answer of expected) assert.deepEqual(await post(), answer)
  // What is neither seconds nor a date may be anything, but not a wait without an end.
  for (let more = 0; more < 3; more += 1) {
    const answer = await post()
    assert.equal(answer.kind, 'later')
    assert.ok(answer.kind === 'later' && (answer.retryAfterMs ?? 0) <= 600_000)
  }
  const refused = { kind: 'refused', status: 400, why: 'it answered 400 "no such field"' }
  assert.deepEqual(await post(), refused)
  assert.deepEqual(await post(), { kind: 'refused', status: 302, why: 'it answered 302' })
  assert.equal(receiver.received.length, receiver.answers.length)
})

test(
  'a receiver that never answers, or not to its end, is given up after 15 s',
  limited,
  async (t) => {
    const receiver = await listen(t)
    const { post, clock } = posting(t, { url: urlOf(receiver.server) })
    receiver.answers = ['nothing', { status: 200, body: 'x', behindIt: 'nothing' }]
    for (const _ of receiver.answers) {
      const received = once(receiver.server, 'received')
      const answer = post()
      await received
      let isSettled = false
      void answer.then(() => (isSettled = true))
      clock.advance(14_999)
      await new Promise(setImmediate)
      assert.equal(isSettled, false)
      clock.advance(1)
      assert.deepEqual(await answer, { kind: 'later', why: 'no answer in time' })
    }
    assert.equal(clock.pending, 0)
  },
)

test('an answer that a reset cuts off is none', limited, async (t) => {
  const receiver = await listen(t)
  const { post } = posting(t, { url: urlOf(receiver.server) })
  const headers = { 'content-length': '10' }
  receiver.answers = [{ status: 200, headers, body: 'x', behindIt: 'reset' }]
  assert.equal((await post()).kind, 'later')
  assert.deepEqual(await post(), { kind: 'taken' })
})

test('one that would speak another protocol is not waited for', limited, async (t) => {
  const receiver = await listen(t)
  const { post } = posting(t, { url: urlOf(receiver.server) })
  receiver.answers = [{ status: 101, headers: { connection: 'upgrade', upgrade: 'other' } }]
  assert.deepEqual(await post(), { kind: 'later', why: 'it answered 101' })
  assert.deepEqual(await post(), { kind: 'taken' })
})

test('an answer without end is cut off, and does not hold up what follows', limited, async (t) => {
  const receiver = await listen(t)
  const { post } = posting(t, { url: urlOf(receiver.server) })
  const body = 'x'.repeat(1024 * 1024)
  receiver.answers = [{ status: 200, body, behindIt: 'nothing' }]
  assert.deepEqual([await post(), await post()], [{ kind: 'taken' }, { kind: 'taken' }])
})

test('whoever gives up waits for nobody', limited, async (t) => {
  const receiver = await listen(t)
  const { post, clock, ended } = posting(t, { url: urlOf(receiver.server) })
  receiver.answers = ['nothing']
  const received = once(receiver.server, 'received')
  const answer = post()
  await received
  ended.abort()
  assert.equal((await answer).kind, 'later')
  assert.equal(clock.pending, 0)
})

test(
  'a wrong certificate is refused, and nothing is said to whoever shows it',
  limited,
  async (t) => {
    const [ours, theirs] = [await createCertificateAuthority(), await createCertificateAuthority()]
    const context = createSecureContext({ ca: ours.cert })
    const wrong = {
      'of another authority': await theirs.issue(['localhost']),
      'for another name': await ours.issue(['elsewhere.example.com']),
      'out of date': await ours.issue(['localhost'], { notAfter: new Date(Date.now() - 60_000) }),
    }
    for (const [why, pair] of Object.entries(wrong)) {
      const { server, received } = await listen(t, createHttpsServer(pair))
      const { post } = posting(t, { url: urlOf(server, 'https', 'localhost'), tls: { context } })
      const answer = await post()
      assert.ok(answer.kind === 'later' && /certificate/.test(answer.why), why)
      assert.equal(received.length, 0, why)
    }
  },
)

test('a receiver that knows no TLS since 1.2 gets nothing', limited, async (t) => {
  const authority = await createCertificateAuthority()
  const context = createSecureContext({ ca: authority.cert })
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const server = createHttpsServer({
      ...(await authority.issue(['localhost'])),
      minVersion: version,
      maxVersion: version,
      // BoringSSL knows no such levels, and has these versions without.
      ...(!isBun && { ciphers: 'DEFAULT@SECLEVEL=0' }),
    })
    const { received } = await listen(t, server)
    const { post } = posting(t, { url: urlOf(server, 'https', 'localhost'), tls: { context } })
    const answer = await post()
    assert.ok(
      answer.kind === 'later' && /protocol.version/i.test(answer.why),
      JSON.stringify(answer),
    )
    assert.equal(received.length, 0)
  }
})

test('an own authority, a server name and a client certificate are used', limited, async (t) => {
  const authority = await createCertificateAuthority()
  const pair = await authority.issue(['hooks.example.com'])
  const server = createHttpsServer({
    ...pair,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const { received } = await listen(t, server)
  const client = await authority.issueClient({ name: 'gateway' })
  const context = createSecureContext({ ca: authority.cert, ...client })
  const tls = { context, serverName: 'hooks.example.com' }
  const { post } = posting(t, { url: urlOf(server, 'https'), tls })
  assert.deepEqual(await post(), { kind: 'taken' })
  assert.equal(received.length, 1)
})
