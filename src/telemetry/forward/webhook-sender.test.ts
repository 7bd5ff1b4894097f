import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { createSecureContext } from 'node:tls'
import { createFakeClock, type FakeClock } from '../../fake-clock.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { createLog } from '../log.ts'
import type { WebhookTarget } from './post-webhook.ts'
import { createWebhookSender, type WebhookSender } from './webhook-sender.ts'

const secret = Buffer.from('a secret of thirty-two bytes ...')

/** Its own clock stands still: what hangs would hang for good. */
const limited = { timeout: 30_000 }

interface Received {
  readonly request: IncomingMessage
  readonly body: string
}

interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** A receiver that answers as it is told, in order, and 204 after that. */
class Receiver {
  readonly received: Received[] = []
  answers: readonly (Answer | 'nothing')[] = []
  #waiting: (() => void)[] = []
  readonly server: Server

  constructor(server: Server) {
    this.server = server.on('request', (request, response) => {
      void text(request).then((body) => {
        const answer = this.answers[this.received.length] ?? { status: 204 }
        this.received.push({ request, body })
        if (answer !== 'nothing') response.writeHead(answer.status, answer.headers).end(answer.body)
        for (const tell of this.#waiting.splice(0)) tell()
      })
    })
  }

  async until(count: number): Promise<void> {
    while (this.received.length < count)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

async function listen(t: TestContext, server: Server = createHttpServer()): Promise<Receiver> {
  const receiver = new Receiver(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return receiver
}

function urlOf({ server }: Receiver, scheme = 'http', host = '127.0.0.1'): URL {
  return new URL(`${scheme}://${host}:${(server.address() as AddressInfo).port}/hook?a=b`)
}

interface Sending {
  readonly sender: WebhookSender
  readonly clock: FakeClock
  readonly lines: readonly Record<string, unknown>[]
  /** Moves the clock on until something more was received. */
  waitFor(receiver: Receiver, count: number, stepMs: number): Promise<void>
}

function sending(t: TestContext, target: Partial<WebhookTarget> & { url: URL }): Sending {
  const clock = createFakeClock()
  const lines: Record<string, unknown>[] = []
  const sink = { write: (line: string) => void lines.push(JSON.parse(line) as never) }
  const logger = createLog({ level: 'debug', sink, clock }).service('approvals')
  const full = { secret, tls: undefined, ...target }
  const sender = createWebhookSender({
    name: 'chat',
    target: full,
    logger,
    clock,
    random: () => 1,
  })
  t.after(() => sender.close())
  return {
    sender,
    clock,
    lines,
    async waitFor(receiver, count, stepMs) {
      const done = receiver.until(count).then(() => true)
      while (!(await Promise.race([done, nextTurn()]))) clock.advance(stepMs)
    },
  }
}

function nextTurn(): Promise<boolean> {
  return new Promise((resolve) => setImmediate(resolve, false))
}

test('a message is posted with its type, its time and a signature over all of it', async (t) => {
  const receiver = await listen(t)
  const { sender } = sending(t, { url: urlOf(receiver) })
  sender.send('access.requested', { route: 'db', who: 'Ada ü' })
  await sender.sent()
  const [{ request, body } = assert.fail()] = receiver.received
  assert.equal(request.method, 'POST')
  assert.equal(request.url, '/hook?a=b')
  assert.equal(request.headers['content-type'], 'application/json')
  assert.deepEqual(JSON.parse(body), {
    type: 'access.requested',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: { route: 'db', who: 'Ada ü' },
  })
  const { 'webhook-id': id, 'webhook-timestamp': at } = request.headers
  assert.equal(at, String(Date.UTC(2026, 0, 1) / 1000))
  const mac = createHmac('sha256', secret)
    .update(`${String(id)}.${at}.${body}`)
    .digest('base64')
  assert.equal(request.headers['webhook-signature'], `v1,${mac}`)
})

test('messages come in order, one that was not taken again under its own id', async (t) => {
  const receiver = await listen(t)
  const { sender, waitFor, lines } = sending(t, { url: urlOf(receiver) })
  receiver.answers = [{ status: 503, body: 'down \u001b[31m for a while' }, { status: 429 }]
  sender.send('one', {})
  sender.send('two', {})
  await waitFor(receiver, 4, 500)
  await sender.sent()
  const types = receiver.received.map(({ body }) => (JSON.parse(body) as { type: string }).type)
  assert.deepEqual(types, ['one', 'one', 'one', 'two'])
  const ids = receiver.received.map(({ request }) => request.headers['webhook-id'])
  assert.equal(new Set(ids).size, 2)
  assert.equal(ids[0], ids[2])
  const said = lines.map(({ message, why }) => [message, why])
  assert.deepEqual(said, [
    ['webhook fails', 'it answered 503 "down  [31m for a while"'],
    ['webhook works again', undefined],
  ])
})

test('a receiver is left alone for as long as it asks, and ten minutes at most', async (t) => {
  const receiver = await listen(t)
  const { sender, clock, waitFor } = sending(t, { url: urlOf(receiver) })
  const date = new Date(clock.now() + 3_600_000).toUTCString()
  receiver.answers = [
    { status: 429, headers: { 'retry-after': '120' } },
    { status: 503, headers: { 'retry-after': date } },
  ]
  const startMs = clock.now()
  sender.send('one', {})
  await waitFor(receiver, 2, 1_000)
  assert.ok(clock.now() - startMs >= 120_000, String(clock.now() - startMs))
  const secondMs = clock.now()
  await waitFor(receiver, 3, 1_000)
  assert.ok(clock.now() - secondMs >= 590_000 && clock.now() - secondMs <= 640_000)
})

test('what a receiver refuses is dropped with a word, and what follows is sent', async (t) => {
  const receiver = await listen(t)
  const { sender, lines } = sending(t, { url: urlOf(receiver) })
  receiver.answers = [{ status: 400, body: 'no such field' }, { status: 302 }]
  sender.send('one', {})
  sender.send('two', {})
  sender.send('three', {})
  await sender.sent()
  assert.equal(receiver.received.length, 3)
  const dropped = lines.filter(({ message }) => message === 'webhook message dropped')
  const why = ['it answered 400 "no such field"', 'it answered 302']
  assert.deepEqual(
    dropped.map((line) => line['why']),
    why,
  )
})

test('a receiver that never answers is given up after 15 s, and asked again', async (t) => {
  const receiver = await listen(t)
  const { sender, clock, waitFor } = sending(t, { url: urlOf(receiver) })
  receiver.answers = ['nothing']
  const startMs = clock.now()
  sender.send('one', {})
  await receiver.until(1)
  await waitFor(receiver, 2, 1_000)
  assert.ok(clock.now() - startMs >= 15_000)
  await sender.sent()
})

test('an answer without end is cut off, and does not hold up what follows', limited, async (t) => {
  const server = createHttpServer()
  const receiver = await listen(t, server)
  server.prependListener('request', (_, response) => {
    response.writeHead(200)
    response.write(Buffer.alloc(1024 * 1024))
    response.end = () => response
    response.writeHead = () => response
  })
  const { sender } = sending(t, { url: urlOf(receiver) })
  sender.send('one', {})
  sender.send('two', {})
  await sender.sent()
  assert.equal(receiver.received.length, 2)
})

test('a message that an hour of attempts did not deliver is dropped', async (t) => {
  const receiver = await listen(t)
  const { sender, clock, lines } = sending(t, { url: urlOf(receiver) })
  receiver.answers = Array.from({ length: 200 }, () => ({ status: 500 }))
  sender.send('one', {})
  const done = sender.sent().then(() => true)
  const startMs = clock.now()
  while (!(await Promise.race([done, nextTurn()]))) clock.advance(5_000)
  assert.ok(clock.now() - startMs >= 3_600_000)
  assert.equal(lines.at(-1)?.['message'], 'webhook message dropped')
  assert.equal(lines.filter(({ message }) => message === 'webhook fails').length, 1)
})

test('beyond a thousand that wait, further ones are dropped with a word', async (t) => {
  const receiver = await listen(t)
  const { sender, lines } = sending(t, { url: urlOf(receiver) })
  receiver.answers = ['nothing']
  for (let index = 0; index < 1_001; index += 1) sender.send('one', { index })
  assert.deepEqual(
    lines.map(({ message, why }) => [message, why]),
    [['webhook message dropped', 'too many wait already']],
  )
})

test('a sender that is closed sends nothing more, and waits for nobody', async (t) => {
  const receiver = await listen(t)
  const { sender, clock } = sending(t, { url: urlOf(receiver) })
  receiver.answers = ['nothing']
  sender.send('one', {})
  await receiver.until(1)
  sender.close()
  await sender.sent()
  sender.send('two', {})
  assert.equal(receiver.received.length, 1)
  assert.equal(clock.pending, 0)
})

test('a wrong certificate is refused, and nothing is said to whoever shows it', async (t) => {
  const [ours, theirs] = [await createCertificateAuthority(), await createCertificateAuthority()]
  const context = createSecureContext({ ca: ours.cert })
  const wrong = {
    'of another authority': await theirs.issue(['localhost']),
    'for another name': await ours.issue(['elsewhere.example.com']),
    'out of date': await ours.issue(['localhost'], { notAfter: new Date(Date.now() - 60_000) }),
  }
  for (const [why, pair] of Object.entries(wrong)) {
    const receiver = await listen(t, createHttpsServer(pair))
    const url = urlOf(receiver, 'https', 'localhost')
    const { sender, lines } = sending(t, { url, tls: { context } })
    sender.send('one', {})
    while (lines.length === 0) await nextTurn()
    assert.equal(lines[0]?.['message'], 'webhook fails', why)
    assert.match(String(lines[0]?.['why']), /certificate/, why)
    assert.equal(receiver.received.length, 0, why)
  }
})

test('an own authority, a server name and a client certificate are used', async (t) => {
  const authority = await createCertificateAuthority()
  const pair = await authority.issue(['hooks.example.com'])
  const server = createHttpsServer({
    ...pair,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const receiver = await listen(t, server)
  const client = await authority.issueClient({ name: 'gateway' })
  const context = createSecureContext({ ca: authority.cert, ...client })
  const tls = { context, serverName: 'hooks.example.com' }
  const { sender } = sending(t, { url: urlOf(receiver, 'https'), tls })
  sender.send('one', {})
  await sender.sent()
  assert.equal(receiver.received.length, 1)
})
