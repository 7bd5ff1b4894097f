import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import type { ConnectorEnd } from '../../tunnel/connector/session.ts'
import { heard, openHarbour, provingOn, type Harbour } from './postern.fixture.ts'

const silence = (): void => undefined

/** No time to register is ever over, however long so many connections take. */
const openStill = (): Promise<Harbour> => openHarbour({ clock: createFakeClock() })

function connectFrom(address: string, harbour: Harbour): Promise<ConnectorEnd> {
  const socket = connect({ host: '127.0.0.1', port: harbour.port, localAddress: address })
  return harbour.connect(silence, { socket })
}

/** Connections that stand and do not register. */
async function openSilent(harbour: Harbour, from: string, count: number): Promise<ConnectorEnd[]> {
  const ends: ConnectorEnd[] = []
  while (ends.length < count) ends.push(await connectFrom(from, harbour))
  return ends
}

test('there are 512 that prove nothing, however many come at once', async () => {
  await using harbour = await openStill()
  const closed = Promise.withResolvers<void>()
  let open = 600
  await Promise.allSettled(
    Array.from({ length: open }, async () => {
      const socket = connect({ host: '127.0.0.1', port: harbour.port })
      socket.once('close', () => (open -= 1) === 512 && closed.resolve())
      await harbour.connect(silence, { socket })
    }),
  )
  await closed.promise
  const last = await harbour.connect(silence)
  last.control.send(provingOn(last))
  assert.equal((await heard(last))?.type, 'proved')
})

test('connections of one address that do not register close no other that is about to', async () => {
  await using harbour = await openStill()
  const end = await connectFrom('127.0.0.2', harbour)
  await openSilent(harbour, '127.0.0.1', 520)
  end.control.send(provingOn(end))
  assert.equal((await heard(end))?.type, 'proved')
})

test('one that has proved its secret is not closed by however many that have not', async () => {
  await using harbour = await openStill()
  const end = await connectFrom('127.0.0.2', harbour)
  end.control.send(provingOn(end))
  assert.equal((await heard(end))?.type, 'proved')
  const first = await connectFrom('127.0.1.1', harbour)
  for (let host = 2; host <= 513; host += 1)
    await connectFrom(`127.0.${1 + (host >> 8)}.${host & 255}`, harbour)
  await first.ended
  end.control.send(harbour.registration())
  await harbour.linked(1)
})

test('one that has proved nothing keeps 64 KiB of a line here, and no more', async () => {
  await using harbour = await openStill()
  const end = await harbour.connect(silence)
  const service = 'tcp://'.padEnd(1_024, 'x')
  const services = Array.from({ length: 64 }, () => ({ hostname: undefined, service }))
  // In fewer bytes it would be told why it is refused.
  end.control.send(harbour.registration({ services }))
  assert.equal(await heard(end), undefined)
})

test('of several addresses with as many, the one goes that has waited longest', async () => {
  await using harbour = await openStill()
  const first = await openSilent(harbour, '127.0.0.1', 256)
  const second = await openSilent(harbour, '127.0.0.2', 256)
  const last = await connectFrom('127.0.0.3', harbour)
  await first[0]?.ended
  for (const end of [...second.slice(0, 1), last]) {
    end.control.send(provingOn(end))
    assert.equal((await heard(end))?.type, 'proved')
  }
})
