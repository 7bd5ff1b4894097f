import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { describe, test, type TestContext } from 'node:test'
import { createTunnelOpener } from '../access/live-tunnels.fixture.ts'
import { systemClock } from '../clock.ts'
import { createOwnTunnelsApi } from '../pages/own-tunnels-api.ts'
import { createApp } from '../pages/app.ts'
import { silentLogger } from '../log.ts'
import { decodeOwnTunnels, maxOwnTunnels, type OwnTunnels } from '../tunnel/own-tunnels.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import {
  alice,
  bob,
  signInByDevice,
  startDeviceRig,
  type Answer,
  type DeviceRig,
} from './device.fixture.ts'
import {
  connectHead,
  connectTls,
  echo,
  startService,
  testCa,
  testSession,
} from './gateway.fixture.ts'

const target = 'db.example.com:5432'

interface Rig extends DeviceRig {
  /** A session of its own, by its token. */
  signIn(email: string): Promise<string>
  /** Opens a tunnel and sends a text through it and back. */
  tunnel(token: string, text: string): Promise<void>
}

async function setUp(t: TestContext): Promise<Rig> {
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  const rig = await startDeviceRig(t)
  await rig.reload((yaml) =>
    yaml
      .replace('to: tcp://127.0.0.1:1', `to: tcp://127.0.0.1:${service.port}\n    timeout: 1h`)
      .replace('groups: { has: dba }', 'domain: { is: example.com }'),
  )
  return {
    ...rig,
    signIn: (email) => signInByDevice(rig, email),
    async tunnel(token, text) {
      const socket = await connectTls(Number(new URL(rig.origin).port))
      t.after(() => socket.destroy())
      socket.write(connectHead(target, `Authorization: Pomerium ${token}`))
      const [head] = (await once(socket, 'data')) as [Buffer]
      assert.match(head.toString(), /^HTTP\/1\.1 200 /)
      socket.write(text)
      await once(socket, 'data')
    },
  }
}

type Ask = (rig: Rig, headers: Record<string, string>) => Promise<Answer>

const overHttp1: Ask = (rig, headers) => rig.send('GET', gatewayPaths.tunnels, { headers })

const overHttp2: Ask = async ({ origin }, headers) => {
  const session = connectHttp2(origin, { ca: testCa })
  try {
    const stream = session.request({ ':path': gatewayPaths.tunnels, ...headers })
    const [answered] = (await once(stream, 'response')) as [Record<string, string>]
    let body = ''
    for await (const chunk of stream.setEncoding('utf8')) body += String(chunk)
    return { status: Number(answered[':status']), headers: answered, body }
  } finally {
    session.destroy()
  }
}

async function ownOf(ask: Ask, rig: Rig, token: string): Promise<OwnTunnels> {
  const { status, headers, body } = await ask(rig, { authorization: `Pomerium ${token}` })
  assert.equal(status, 200, body)
  assert.equal(headers['cache-control'], 'no-store')
  return decodeOwnTunnels(body) ?? assert.fail(body)
}

describe('what a session has open', () => {
  for (const [name, ask] of [
    ['HTTP/1.1', overHttp1],
    ['HTTP/2', overHttp2],
  ] as const) {
    test(`is told to its own token alone, over ${name}`, async (t) => {
      const rig = await setUp(t)
      const [laptop, desktop, other] = [
        await rig.signIn(alice),
        await rig.signIn(alice),
        await rig.signIn(bob),
      ]
      const beganMs = rig.clock.now()
      await rig.tunnel(laptop, 'five!')
      await rig.tunnel(other, 'not yours')
      const { tunnels, ...rest } = await ownOf(ask, rig, laptop)
      assert.deepEqual(rest, { open: 1, isTruncated: false })
      const [first] = tunnels
      assert.ok(first !== undefined)
      const { id, ...shown } = first
      assert.deepEqual(shown, {
        route: 'the database',
        target,
        ip: '127.0.0.1',
        openedAt: new Date(beganMs).toISOString(),
        bytesUp: 5,
        bytesDown: 5,
        // The route's timeout: it comes before the end of the session.
        until: new Date(beganMs + 3_600_000).toISOString(),
      })
      // As in the log, by which whoever runs the gateway finds it.
      const isOpened = (line: Record<string, unknown>): boolean => line['request-id'] === id
      assert.ok(rig.lines.some(isOpened), id)

      assert.deepEqual((await ownOf(ask, rig, desktop)).tunnels, [], 'another session of hers')
      const bobs = await ownOf(ask, rig, other)
      assert.deepEqual(
        bobs.tunnels.map(({ bytesUp }) => bytesUp),
        [9],
      )

      const page = { authorization: `Pomerium ${laptop}`, origin: 'https://evil.example' }
      assert.equal((await ask(rig, page)).status, 403)
      const headers = { authorization: `Pomerium ${laptop}` }
      await rig.send('POST', gatewayPaths.endSession, { headers })
      for (const refused of [
        await ask(rig, headers),
        await ask(rig, {}),
        await ask(rig, { authorization: `Pomerium ${laptop.slice(0, -2)}` }),
      ]) {
        assert.equal(refused.status, 401)
        assert.ok(!refused.body.includes(target) && !refused.body.includes('database'))
      }
    })
  }

  test('is bounded, however much it is', async () => {
    const many = 10_000
    const session = testSession('s-1', alice)
    const caller = { session, version: 1 }
    const { tunnels, open } = createTunnelOpener({
      clock: systemClock,
      callers: { session: () => Promise.resolve(caller), version: () => 1 },
      user: session.userId,
    })
    const opened = await Promise.all(Array.from({ length: many }, () => open(caller)))
    const identify = () => Promise.resolve(caller)
    const api = createOwnTunnelsApi({ identify, liveTunnels: tunnels })
    const app = createApp({ logger: silentLogger, signIn: undefined, ownTunnelsApi: api })
    const client = { ip: '192.0.2.1', endpoints: undefined }
    const ask = async (): Promise<OwnTunnels> => {
      const request = new Request(`https://gateway.example.com${gatewayPaths.tunnels}`)
      const body = await (await app(request, { requestId: 'r1', client })).text()
      assert.ok(body.length < 256 * 1024, `${body.length} bytes`)
      return decodeOwnTunnels(body) ?? assert.fail(body)
    }
    const { tunnels: named, ...rest } = await ask()
    assert.equal(named.length, maxOwnTunnels)
    assert.deepEqual(rest, { open: many, isTruncated: true })
    for (const one of opened.slice(maxOwnTunnels)) one[Symbol.dispose]()
    const left = await ask()
    assert.deepEqual([left.open, left.isTruncated], [maxOwnTunnels, false])
    // What is cut is not open any more, though its bytes may still be on their way.
    tunnels.cut(() => true, 'cut-by-operator')
    assert.deepEqual(await ask(), { tunnels: [], open: 0, isTruncated: false })
    for (const one of opened) one[Symbol.dispose]()
  })
})
