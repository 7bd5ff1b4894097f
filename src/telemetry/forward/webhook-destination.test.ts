import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import type { DeliveryError } from './destination.ts'
import type { ForwardedRecord } from './record.ts'
import { createWebhookDestination } from './webhook-destination.ts'

function records(...events: string[]): ForwardedRecord[] {
  return events.map((event, index) => {
    const entry = { time: '2026-08-20T03:10:00.000Z', kind: 'admin', event } as const
    return { series: 'people', seq: index + 1, line: JSON.stringify(entry), entry }
  })
}

/** A receiver that answers by what is in a body. */
async function receiver(
  t: TestContext,
  judge: (body: string) => number,
  headers: Record<string, string> = {},
) {
  const taken: string[] = []
  const asked: { id: unknown; series: unknown; type: unknown }[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const status = judge(body)
      const { 'webhook-id': id, 'x-postern-series': series, 'content-type': type } = request.headers
      asked.push({ id, series, type })
      if (status < 300) taken.push(body)
      response.writeHead(status, { location: '/elsewhere', ...headers }).end('no')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const passedOver: string[] = []
  const destination = createWebhookDestination(
    { url, secret: Buffer.alloc(32, 1), tls: undefined },
    { onTooLarge: ({ entry }) => void passedOver.push(entry.event) },
  )
  t.after(() => destination.close())
  const send = (...events: string[]) =>
    destination.send(records(...events), new AbortController().signal)
  const events = () =>
    taken.flatMap((body) =>
      body
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { event: string }).event),
    )
  return { send, events, asked, passedOver, taken }
}

test('records are posted as the lines they are, with the name of their series', async (t) => {
  const { send, asked, taken } = await receiver(t, () => 202)
  const { taken: isTaken } = await send('a', 'bü')
  await isTaken
  assert.deepEqual(taken, [
    records('a', 'bü')
      .map(({ line }) => `${line}\n`)
      .join(''),
  ])
  assert.deepEqual(
    { ...asked[0], id: '' },
    { id: '', series: 'people', type: 'application/x-ndjson' },
  )
})

test('the same records have the same id, whoever sends them, and others another', async (t) => {
  const { send, asked } = await receiver(t, () => 200)
  await send('a', 'b')
  await send('a', 'b')
  await send('a')
  const ids = asked.map(({ id }) => id)
  assert.equal(ids[0], ids[1])
  assert.notEqual(ids[0], ids[2])
})

test('what is too much at once is sent in parts, in order, and a record too large alone is told', async (t) => {
  const { send, events, passedOver } = await receiver(t, (body) =>
    body.length > 200 || body.includes('huge') ? 413 : 200,
  )
  await send('a', 'b', 'huge', 'c', 'd')
  assert.deepEqual(events(), ['a', 'b', 'c', 'd'])
  assert.deepEqual(passedOver, ['huge'])
})

test('what is refused, redirected or failed is to be sent again, and is not left out', async (t) => {
  for (const status of [301, 400, 401, 403, 404, 410, 422, 429, 500, 503]) {
    const { send, asked, passedOver } = await receiver(t, () => status, { 'retry-after': '7' })
    const error: DeliveryError = await send('a').then(
      () => assert.fail(String(status)),
      (error: DeliveryError) => error,
    )
    assert.equal(error.message, `it answered ${status} "no"`)
    assert.equal(error.retryAfterMs, status === 429 || status >= 500 ? 7_000 : undefined)
    assert.deepEqual([asked.length, passedOver], [1, []])
  }
})
