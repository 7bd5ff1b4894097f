import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { PassThrough, type Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { AccessError } from '../../errors.ts'
import { dial } from '../../net/dial.ts'
import { collect, openRig } from '../gateway-client.fixture.ts'
import type { GatewayClient } from '../gateway-client.ts'
import { followSignIn, startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { serveConnection, type Outcome } from './connection.ts'

for (const protocol of ['h2', 'http/1.1'] as const) {
  describe(`a local connection over ${protocol}`, () => {
    test('passes the end of one side on while the other keeps flowing', async () => {
      const upload = randomBytes(2_000_003)
      const served: { tunnel?: Duplex } = {}
      await using gateway = await startFakeGateway({
        protocols: [protocol],
        isPublic: true,
        connect: () => ({ serve: (tunnel) => void (served.tunnel = tunnel) }),
      })
      await using rig = await openRig(gateway)
      await using local = await openLocal(rig.client)
      // The service ends first; everything the person sends afterwards still arrives.
      const atPerson = collect(local.near)
      while (served.tunnel === undefined) await new Promise(setImmediate)
      const atService = collect(served.tunnel)
      served.tunnel.end('greeting')
      assert.equal((await atPerson).toString(), 'greeting')
      local.near.end(upload)
      assert.equal(digest(await atService), digest(upload))
      assert.equal(causeOf(await local.outcome), 'upstream-closed')
    })

    test('loses no byte of the answer when the person ends first', async () => {
      const answer = randomBytes(2_000_003)
      await using gateway = await startFakeGateway({
        protocols: [protocol],
        isPublic: true,
        connect: () => ({ serve: (tunnel) => void collect(tunnel).then(() => tunnel.end(answer)) }),
      })
      await using rig = await openRig(gateway)
      await using local = await openLocal(rig.client)
      const atPerson = collect(local.near)
      local.near.end('question')
      assert.equal(digest(await atPerson), digest(answer))
      assert.equal(causeOf(await local.outcome), 'client-closed')
    })
  })
}

test('the end of the connection aborts its tunnels instead of ending them in order', async () => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openRig(gateway)
  await using local = await openLocal(rig.client)
  local.near.on('error', () => undefined)
  local.near.write('x')
  await once(local.near, 'data')
  gateway.dropConnections()
  assert.equal(causeOf(await local.outcome), 'upstream-reset')
})

test('a local connection is held while its person signs in', async () => {
  await using gateway = await startFakeGateway()
  const { promise: shown, resolve: show } = Promise.withResolvers<string>()
  await using rig = await openRig(gateway, { signIn: show })
  await using local = await openLocal(rig.client)
  const received = collect(local.near)
  local.near.end('early words')
  await followSignIn(await shown)
  assert.equal((await received).toString(), 'early words')
  assert.equal(causeOf(await local.outcome), 'client-closed')
})

test('a program that leaves while the gateway takes its time is no failure', async () => {
  for (const protocol of ['h2', 'http/1.1'] as const) {
    await using gateway = await startFakeGateway({
      isPublic: true,
      protocols: [protocol],
      connect: () => 'silence',
    })
    await using rig = await openRig(gateway)
    await using local = await openLocal(rig.client)
    while (gateway.connects.length === 0) await new Promise(setImmediate)
    local.near.resetAndDestroy()
    assert.deepEqual(await local.outcome, { kind: 'given-up', why: 'left' })
  }
})

test('a program that leaves while it is asked to sign in is told what became of that', async () => {
  await using gateway = await startFakeGateway()
  const { promise: shown, resolve: show } = Promise.withResolvers<string>()
  await using rig = await openRig(gateway, { signIn: show })
  await using local = await openLocal(rig.client)
  await shown
  local.near.resetAndDestroy()
  const outcome = await local.outcome
  assert.ok(outcome.kind === 'failed' && outcome.error instanceof AccessError)
  assert.equal(outcome.error.code, 'sign-in-cancelled')
})

test('one that had left before anybody looked opens no tunnel', async () => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openRig(gateway)
  const local = new PassThrough()
  await once(local.destroy(), 'close')
  const { client } = rig
  const outcome = await serveConnection(local, { authority: 'a:1', client })
  assert.deepEqual([outcome, gateway.connects], [{ kind: 'given-up', why: 'left' }, []])
})

/** A local TCP connection that is served through a tunnel. */
async function openLocal(
  client: GatewayClient,
): Promise<AsyncDisposable & { near: Socket; outcome: Promise<Outcome> }> {
  const server = createTcpServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const near = await dial({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const [far] = await accepted
  const outcome = serveConnection(far, { authority: 'a:1', client })
  return {
    near,
    outcome,
    async [Symbol.asyncDispose]() {
      near.destroy()
      server.close()
      await outcome
    },
  }
}

function causeOf(outcome: Outcome): string {
  return outcome.kind === 'ended' ? outcome.ended.cause : outcome.kind
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
