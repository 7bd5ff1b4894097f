import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { localActor } from '../control/change.ts'
import {
  connectHead,
  connectTls,
  echo,
  startService,
  startTestGateway,
  testRoute,
  testSession,
} from './gateway.fixture.ts'

const target = 'echo.example.com:7'

test('a tunnel that is cut by operation ends at once, alone, and says why to log and client', async () => {
  await using service = await startService(echo)
  await using gateway = await startTestGateway([
    testRoute(
      `tcp+https://${target}`,
      [service.port],
      [{ allow: { or: [{ authenticated_user: true }] } }],
    ),
  ])
  const open = async (name: string) => {
    gateway.sessions.set(name, testSession(name, `${name}@example.com`))
    const socket = await connectTls(gateway.port)
    socket.on('error', () => undefined)
    socket.write(connectHead(target, `Authorization: Pomerium ${name}`))
    const [head] = (await once(socket, 'data')) as [Buffer]
    assert.match(head.toString(), /^HTTP\/1\.1 200 /)
    return socket
  }
  const [ada, bob] = [await open('ada'), await open('bob')]
  const { operations, parts } = gateway
  const ids = new Map<string | null, string>()
  for await (const { id, email, target: to } of operations.listTunnels(localActor)) {
    assert.equal(to, target)
    ids.set(email, id)
  }
  const id = ids.get('ada@example.com') ?? ''
  const closed = once(ada.resume(), 'close')
  assert.deepEqual(await operations.cutTunnels(localActor, { id }), { cut: [id] })
  ada.end()
  await closed
  const line = await gateway.line((entry) => entry['ended'] !== undefined)
  assert.deepEqual([line['ended'], line['request-id']], ['cut-by-operator', id])
  assert.deepEqual(parts.cutTunnels.find(id), {
    code: 'cut-by-operator',
    message: 'whoever runs the gateway ended it',
    next: 'connect again, or ask whoever runs this gateway why',
    reasons: [],
    requestId: id,
  })
  bob.write('x')
  assert.equal(String(await once(bob, 'data')), 'x')
  assert.equal(await operations.countTunnels(localActor), 1)
  // Nobody is kept out by it.
  const again = await open('ada')
  for (const socket of [bob, again]) socket.destroy()
})
