import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { systemClock } from '../../clock.ts'
import { silentLogger } from '../../log.ts'
import { openTracing } from './open-tracing.ts'
import type { TracingSettings } from './settings.ts'

interface Sent {
  readonly path: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** A collector that answers with this status, and what was sent to it. */
async function startCollector(t: TestContext, status = 200) {
  const sent: Sent[] = []
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { url: path, headers } = request
      sent.push({ path, headers, body: body.toString('latin1') })
      response.writeHead(status).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/v1/traces`, sent }
}

function settings(change: Partial<TracingSettings>): TracingSettings {
  return {
    url: '',
    headers: { 'x-key': 'k' },
    timeoutMs: 10_000,
    ratio: 1,
    resource: { 'deployment.environment.name': 'of-a-test' },
    delayMs: 60_000,
    maxBatch: 512,
    ...change,
  }
}

test('a request is told of with its parts, once it has ended, and nothing else is', async (t) => {
  const { url, sent } = await startCollector(t)
  const options = { logger: silentLogger, clock: systemClock }
  const tracing = openTracing(settings({ url }), options)
  const request = tracing.begin('tunnel', { 'postern.target': 'db.example.com:5432' })
  assert.ok(request)
  assert.equal(await request.step('identify', Promise.resolve(7)), 7)
  const refused = request.step('open upstream', Promise.reject(new Error('s3cret words')))
  await assert.rejects(refused, /s3cret words/)
  // By whoever does something for this request and does not know it.
  await request.run(() => tracing.step('exchange code', () => Promise.resolve()))
  await tracing.step('of nobody', () => Promise.resolve())
  tracing.begin('not ended', {})
  request.end({ 'postern.bytes_up': 12, 'user.email': undefined }, false)
  request.end({ 'postern.ended': 'twice' }, true)
  await tracing.close()
  assert.equal(sent.length, 1)
  const [{ path, headers, body }] = sent as [Sent]
  assert.deepEqual([path, headers['x-key']], ['/v1/traces', 'k'])
  assert.equal(headers['content-type'], 'application/x-protobuf')
  for (const text of [
    'tunnel',
    'identify',
    'open upstream',
    'exchange code',
    'db.example.com:5432',
  ])
    assert.ok(body.includes(text), text)
  for (const text of ['postern-gateway', 'of-a-test', 'postern.bytes_up'])
    assert.ok(body.includes(text))
  for (const text of ['s3cret', 'of nobody', 'not ended', 'twice'])
    assert.ok(!body.includes(text), text)
})

test('of none is told what the ratio leaves out', async (t) => {
  const { url, sent } = await startCollector(t)
  const tracing = openTracing(settings({ url, ratio: 0 }), {
    logger: silentLogger,
    clock: systemClock,
  })
  assert.equal(tracing.begin('tunnel', {}), undefined)
  await tracing.close()
  assert.deepEqual(sent, [])
})

test('a collector that refuses is said once, and holds up nobody', async (t) => {
  const { url } = await startCollector(t, 400)
  const said: unknown[] = []
  const logger = { ...silentLogger, warn: (...words: unknown[]) => void said.push(words) }
  const tracing = openTracing(settings({ url, maxBatch: 1, timeoutMs: 1_000 }), {
    logger,
    clock: systemClock,
  })
  for (const name of ['one', 'two', 'three']) tracing.begin(name, {})?.end({}, false)
  await tracing.close()
  assert.equal(said.length, 1)
  assert.equal((said[0] as unknown[])[0], 'traces not sent')
})

test("of a stranger's path no more is kept than a name needs", async (t) => {
  const { url, sent } = await startCollector(t)
  const tracing = openTracing(settings({ url }), { logger: silentLogger, clock: systemClock })
  const path = `/oauth2/${'a'.repeat(20_000)}`
  tracing.begin(`GET ${path}`, { 'url.path': path })?.end({}, false)
  await tracing.close()
  assert.match(sent[0]?.body ?? '', /GET \/oauth2\/aaa/)
  assert.ok((sent[0]?.body.length ?? 0) < 3_000)
})
