import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { createRowFinder, rowKeysOf, tcpEndpointsOf } from '../../net/proc-tcp.ts'
import { watchAcknowledged } from './acknowledged.ts'
import { always, openConnection, openEnds } from './ends.fixture.ts'

const request = { authority: 'a:1', grant: '' }

test('a dead connection is noticed within ten seconds at both ends, and its streams fail before', async (t) => {
  const clock = createFakeClock()
  const line = createLine(t)
  using ends = await openEnds({ clock, onStream: () => undefined, via: line.open })
  line.cut()
  const opening = assert.rejects(ends.gateway.openStream(request, always), {
    code: 'connector-silent',
  })
  clock.advance(2_400)
  assert.equal(ends.gateway.isReady, true)
  clock.advance(4_800)
  await opening
  assert.equal(ends.gateway.isReady, false)
  clock.advance(2_799)
  const [atGateway, atConnector] = await Promise.all([ends.gateway.ended, ends.connector.ended])
  assert.match(String(atGateway), /the connector says nothing/)
  assert.match(String(atConnector), /the gateway says nothing/)
  assert.equal(clock.pending, 0)
})

test('a sign of life that is asked for has come soon, and from a dead connection none', async (t) => {
  const line = createLine(t)
  using ends = await openEnds({ onStream: () => undefined, via: line.open })
  const answered = line.passedBothWays()
  const isThere = ends.gateway.probe()
  await answered
  while (!isThere()) await nextTurn()
  line.cut()
  const isThereStill = ends.gateway.probe()
  for (let turns = 0; turns < 50; turns += 1) await nextTurn()
  assert.equal(isThereStill(), false)
})

test('a connection without a stream stays as long as both sides answer', async (t) => {
  const clock = createFakeClock()
  const line = createLine(t)
  using ends = await openEnds({
    clock,
    onStream: (offer) => void offer.accept(),
    via: line.open,
  })
  for (let looks = 0; looks < 12; looks += 1) {
    const passed = line.passedBothWays()
    clock.advance(2_400)
    await passed
    // The answer has left the line, and comes with what the system tells next.
    for (let turns = 0; turns < 5; turns += 1) await nextTurn()
  }
  assert.equal(ends.gateway.isReady, true)
  const stream = await ends.gateway.openStream(request, always)
  assert.equal(stream.destroyed, false)
})

test('a clock that is put back or forward loses no connection', async (t) => {
  const clock = createFakeClock()
  let aheadMs = 0
  const moved = { ...clock, now: () => clock.now() + aheadMs }
  const line = createLine(t)
  using ends = await openEnds({ clock: moved, onStream: () => undefined, via: line.open })
  for (const jumpMs of [0, -3_600_000, 0, 0, 0, 86_400_000, 0, 0, 0]) {
    aheadMs += jumpMs
    const passed = line.passedBothWays()
    clock.advance(2_400)
    await passed
    for (let turns = 0; turns < 5; turns += 1) await nextTurn()
  }
  assert.equal(ends.gateway.isReady, true)
})

test('a host that acknowledges what is on its way counts as alive, and no other one', async () => {
  using connection = await openConnection()
  connection.atGateway.write(Buffer.alloc(16 * 1024))
  const endpoints = tcpEndpointsOf(connection.atGateway)
  assert.ok(endpoints)
  const [key] = rowKeysOf(endpoints)
  for (const [state, times] of [
    // Sent once; sent again; a window of 0 whose questions are answered; nothing on its way.
    ['01 00010000:00000000 01:00000014 00000000 0 0 0', 1],
    ['01 00010000:00000000 01:00000014 00000002 0 0 0', 0],
    ['01 00010000:00000000 04:00000014 00000000 0 0 0', 0],
    // A PING and little else, which a host acknowledges whose program hangs.
    ['01 00000100:00000000 01:00000014 00000000 0 0 0', 0],
    ['01 00000000:00000000 00:00000000 00000000 0 0 0', 0],
  ] as const) {
    const table = `  sl  local_address\n   0: ${key} ${state}\n`
    const told = watchAcknowledged(
      connection.atGateway,
      createRowFinder(() => Promise.resolve([table])),
    )
    await told.ask()
    assert.equal(told.times, times, state)
  }
})

test('a window that is shut counts as alive while less and less is on its way', async () => {
  using connection = await openConnection()
  connection.atGateway.write(Buffer.alloc(16 * 1024))
  const endpoints = tcpEndpointsOf(connection.atGateway)
  assert.ok(endpoints)
  const [key] = rowKeysOf(endpoints)
  let unacknowledged = ''
  const find = (keys: readonly string[]) => {
    assert.equal(keys[0], key)
    return Promise.resolve(` 01 ${unacknowledged}:00000000 04:00000014 00000000 0 0 0`)
  }
  const told = watchAcknowledged(connection.atGateway, find)
  const times: number[] = []
  // Sent, and then taken; the same; more of ours, which nobody took.
  for (unacknowledged of ['00020000', '00010000', '00010000', '00030000']) {
    await told.ask()
    times.push(told.times)
  }
  assert.deepEqual(times, [0, 1, 1, 1])
  told.forget()
  unacknowledged = '00000000'
  await told.ask()
  assert.equal(told.times, 1)
})

test('nothing is asked of the kernel for a connection to which little was said', async () => {
  using connection = await openConnection()
  let asked = 0
  const find = () => Promise.resolve(void (asked += 1))
  const told = watchAcknowledged(connection.atGateway, find)
  connection.atGateway.write(Buffer.alloc(16 * 1024 - 1))
  await told.ask()
  assert.equal(asked, 0)
  // Bun counts what has left it.
  await new Promise((resolve) => connection.atGateway.write(Buffer.alloc(1), resolve))
  await told.ask()
  assert.equal(asked, 1)
})

/** A line that passes bytes until it is cut, and none from then on: nobody is told. */
function createLine(t: TestContext) {
  const sides: Socket[] = []
  t.after(() => sides.forEach((side) => side.destroy()))
  return {
    async open(port: number): Promise<number> {
      const server = createServer((near) => {
        const far = connect({ port, host: '127.0.0.1' })
        sides.push(
          near.on('error', () => undefined),
          far.on('error', () => undefined),
        )
        near.on('data', (chunk) => far.write(chunk))
        far.on('data', (chunk) => near.write(chunk))
        server.close()
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    },
    cut: () => sides.forEach((side) => side.removeAllListeners('data').pause()),
    passedBothWays: () => Promise.all(sides.map((side) => once(side, 'data'))),
  }
}
