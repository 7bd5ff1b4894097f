import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { connectTls, testRoute, type TestGateway } from '../gateway/gateway.fixture.ts'
import type { Link } from '../links/link.ts'
import type { ConnectorWay } from '../routes/upstream-way.ts'
import { head, readHead, routeBy, startFirst, target, token } from './upstream.fixture.ts'

const way: ConnectorWay = { kind: 'connector', tunnel: 'web', service: undefined }

test('a policy that says no while a connector opens a stream is heeded, and the stream is ended', async () => {
  await using rig = await startOpening()
  const policy = [{ deny: { and: [{ authenticated_user: true }] } }]
  await rig.gateway.reload([testRoute(`tcp+https://${target}`, [], policy, { way })])
  const stream = rig.open()
  assert.match(await rig.answer, /^HTTP\/1\.1 403 /)
  await closed(stream)
})

test('a session that ends while a connector opens a stream ends it', async () => {
  await using rig = await startOpening()
  rig.gateway.sessions.delete(token)
  const stream = rig.open()
  assert.match(await rig.answer, /^HTTP\/1\.1 (?:302|401|403|407) /)
  await closed(stream)
})

test('a route that leads to another tunnel while a connector opens a stream does not lead there', async () => {
  await using rig = await startOpening()
  await rig.gateway.reload([routeBy({ ...way, tunnel: 'other' })])
  const stream = rig.open()
  assert.match(await rig.answer, /^HTTP\/1\.1 (?!200)/)
  await closed(stream)
})

test('a reload that changes nothing of it lets a stream be opened', async () => {
  await using rig = await startOpening()
  await rig.gateway.reload([routeBy(way)])
  const stream = rig.open()
  assert.match(await rig.answer, /^HTTP\/1\.1 200 /)
  stream.destroy()
})

interface Opening extends AsyncDisposable {
  readonly gateway: TestGateway
  /** The head of what the client is answered. */
  readonly answer: Promise<string>
  /** The connector opens its stream. */
  open(): Duplex
}

/** A gateway whose client waits for a connector to open a stream. */
async function startOpening(): Promise<Opening> {
  const asked = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<Duplex>()
  const link = {
    tunnelId: 'id-web',
    connectorId: 'c',
    isReady: true,
    openStream() {
      asked.resolve()
      return opened.promise
    },
  } as unknown as Link
  const gateway = await startFirst(routeBy(way), {
    toward: () => [link],
    doubt: () => undefined,
    avoid: () => undefined,
  })
  const client = await connectTls(gateway.port)
  client.write(head())
  const answer = readHead(client)
  await asked.promise
  return {
    gateway,
    answer,
    open() {
      const stream = new Duplex({ read: () => undefined, write: (_c, _e, done) => done() })
      opened.resolve(stream.on('error', () => undefined))
      return stream
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
      await gateway[Symbol.asyncDispose]()
    },
  }
}

async function closed(stream: Duplex): Promise<void> {
  if (!stream.destroyed) await once(stream, 'close')
}
