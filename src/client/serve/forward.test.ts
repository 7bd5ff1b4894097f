import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { AppError } from '../../errors.ts'
import { dial } from '../../net/dial.ts'
import { cutReason, encodeCut } from '../../tunnel/cut.ts'
import { tunnelIdHeader } from '../../tunnel/headers.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { encodeRefusal } from '../../tunnel/refusal.ts'
import { collect, openRig } from '../gateway-client.fixture.ts'
import type { GatewayClient } from '../gateway-client.ts'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { startForward, type ConnectionEvent, type Forward, type ForwardOptions } from './forward.ts'

const loopback = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

interface Rig {
  readonly forward: Forward
  readonly events: ConnectionEvent[]
  /** Resolves when so many have been told. */
  told(count: number): Promise<void>
  connect(): Promise<Socket>
}

async function start(
  t: TestContext,
  client: GatewayClient,
  options: Partial<ForwardOptions> = {},
): Promise<Rig> {
  const events: ConnectionEvent[] = []
  const report = (event: ConnectionEvent): void => void events.push(event)
  const forward = await startForward({
    listen: loopback,
    authority: 'a:1',
    client,
    report,
    ...options,
  })
  t.after(() => forward.close(0))
  return {
    forward,
    events,
    async told(count) {
      while (events.length < count) await new Promise(setImmediate)
    },
    async connect() {
      const port = Number(forward.address.split(':').at(-1))
      const socket = await dial({ host: '127.0.0.1', port })
      t.after(() => socket.destroy())
      return socket.on('error', () => undefined)
    },
  }
}

const kindsOf = (events: readonly ConnectionEvent[]): string[] => events.map(({ kind }) => kind)

function hadErrorAtClose(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => socket.once('close', resolve))
}

async function roundTrip(socket: Socket): Promise<void> {
  const received = collect(socket)
  socket.end('there and back')
  assert.equal((await received).toString(), 'there and back')
}

test('each connection begins, is connected and ends, and is told apart', async (t) => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openRig(gateway)
  const { events, connect, told } = await start(t, rig.client)
  await roundTrip(await connect())
  await told(3)
  await roundTrip(await connect())
  await told(6)
  assert.deepEqual(kindsOf(events), ['began', 'connected', 'ended', 'began', 'connected', 'ended'])
  assert.deepEqual(
    events.map(({ connection }) => connection.id),
    [1, 1, 1, 2, 2, 2],
  )
  const last = events.at(-1)
  assert.match(last?.connection.peer ?? '', /^127\.0\.0\.1:\d+$/)
  assert.ok(last?.kind === 'ended')
  const { bytesUp, bytesDown, cause } = last.ended
  assert.deepEqual([bytesUp, bytesDown, cause, last.error], [14, 14, 'client-closed', undefined])
})

test('bytes are counted as they pass', async (t) => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openRig(gateway)
  const { events, connect } = await start(t, rig.client)
  const socket = await connect()
  for (const total of [4, 8]) {
    socket.write('ping')
    await once(socket, 'data')
    assert.deepEqual(events[0]?.connection.bytes, { up: total, down: total })
  }
  assert.deepEqual(kindsOf(events), ['began', 'connected'])
})

test('one process serves several destinations of several gateways, each with its own client', async (t) => {
  await using first = await startFakeGateway({ isPublic: true })
  await using second = await startFakeGateway({ isPublic: true })
  await using one = await openRig(first)
  await using other = await openRig(second)
  const forwards = [
    await start(t, one.client, { authority: 'a:1' }),
    await start(t, one.client, { authority: 'b:1' }),
    await start(t, other.client, { authority: 'c:1' }),
  ]
  await Promise.all(forwards.map(async ({ connect }) => roundTrip(await connect())))
  const asked = ({ connects }: typeof first): string[] =>
    connects.map(({ authority }) => authority).sort()
  assert.deepEqual([asked(first), asked(second)], [['a:1', 'b:1'], ['c:1']])
  assert.equal(first.connections, 1, 'forwards of one client share its connection')
  // The end of one is nobody else's.
  await forwards[0]?.forward.close(0)
  await roundTrip((await forwards[1]?.connect()) as Socket)
})

test('what fails says in a sentence why, is reset, and ends nothing else', async (t) => {
  const refusal = { code: 'policy_denied', message: 'no', next: 'ask', requestId: 'r1' }
  const answers = [{ status: 403, body: encodeRefusal(refusal) }]
  await using gateway = await startFakeGateway({
    isPublic: true,
    connect: () => answers.shift() ?? { serve: (tunnel) => void tunnel.pipe(tunnel) },
  })
  await using rig = await openRig(gateway)
  const { events, connect, told } = await start(t, rig.client)
  const socket = await connect()
  const closed = hadErrorAtClose(socket.resume())
  assert.equal(await closed, true, 'reset')
  await told(2)
  const failed = events[1]
  assert.ok(failed?.kind === 'failed' && failed.error instanceof AppError)
  assert.deepEqual(
    [failed.error.code, failed.error.message, failed.error.hint],
    ['policy-denied', 'no', 'ask'],
  )
  await roundTrip(await connect())
})

test('a tunnel that the gateway cuts has ended with why', async (t) => {
  const reason = cutReason('policy-changed', 'r7')
  await using gateway = await startFakeGateway({
    isPublic: true,
    answers: { [`${gatewayPaths.cut}r7`]: { status: 200, body: encodeCut(reason) } },
    connect: () => ({
      serve: (tunnel) =>
        void tunnel
          .on('error', () => undefined)
          .once('data', () => tunnel.destroy(new Error('cut'))),
      headers: { [tunnelIdHeader]: 'r7' },
    }),
  })
  await using rig = await openRig(gateway)
  const { events, connect, told } = await start(t, rig.client)
  const socket = await connect()
  socket.resume().write('x')
  await told(3)
  const ended = events[2]
  assert.ok(ended?.kind === 'ended')
  assert.match(
    ended.error?.message ?? '',
    /^the gateway cut the tunnel to "a:1": the policy no longer allows it$/,
  )
})

test('who is not admitted is refused unread, and who has left meanwhile is not', async (t) => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openRig(gateway)
  const refused = Promise.withResolvers<string>()
  const asked = Promise.withResolvers<Socket>()
  const decided = Promise.withResolvers<undefined>()
  const admissions = [
    () => refused.promise,
    (socket: Socket) => {
      asked.resolve(socket)
      return decided.promise
    },
  ]
  const { events, connect, told } = await start(t, rig.client, {
    admission: async (socket) => admissions.shift()?.(socket),
  })
  const socket = await connect()
  socket.resume().write('secret')
  const closed = hadErrorAtClose(socket)
  refused.resolve('it is not yours')
  assert.equal(await closed, true, 'reset')
  const leaver = await connect()
  const accepted = await asked.promise
  leaver.resetAndDestroy()
  // Whoever decides does not read; only what is written shows that nobody is there.
  accepted.destroy()
  decided.resolve(undefined)
  await told(4)
  assert.deepEqual(kindsOf(events), ['began', 'refused', 'began', 'given-up'])
  assert.deepEqual(gateway.connects, [])
})

test('closing cuts what is under way, and tells none of it as a failure', async (t) => {
  await using gateway = await startFakeGateway({
    isPublic: true,
    connect: (authority) =>
      authority === 'a:1'
        ? { serve: (tunnel) => void tunnel.on('error', () => undefined).pipe(tunnel) }
        : 'silence',
  })
  await using rig = await openRig(gateway)
  const open = await start(t, rig.client)
  const waiting = await start(t, rig.client, { authority: 'b:1' })
  const socket = await open.connect()
  socket.write('x')
  await once(socket, 'data')
  await waiting.connect()
  while (gateway.connects.length < 2) await new Promise(setImmediate)
  await Promise.all([open.forward.close(0), waiting.forward.close(0), rig.client.destroy()])
  const ended = open.events.at(-1)
  assert.ok(ended?.kind === 'ended' && ended.error === undefined)
  const { kind, ...rest } = waiting.events.at(-1) as ConnectionEvent & { why?: string }
  assert.deepEqual([kind, rest.why], ['given-up', 'closed'])
})

test('closing with a grace lets tunnels end, and tells what fails meanwhile', async (t) => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openRig(gateway)
  const { forward, events, connect, told } = await start(t, rig.client)
  const [going, lost] = [await connect(), await connect()]
  for (const socket of [going, lost]) {
    socket.write('x')
    await once(socket, 'data')
  }
  const closed = forward.close(60_000)
  await roundTrip(going)
  lost.resume()
  gateway.resetConnections()
  await closed
  await told(6)
  const outcomes = events.filter((event) => event.kind === 'ended')
  assert.deepEqual(
    outcomes.map(({ error }) => error?.code),
    [undefined, 'tunnel-lost'],
  )
})
