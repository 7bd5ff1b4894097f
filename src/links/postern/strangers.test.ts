import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { ConnectorEnd } from '../../tunnel/connector/session.ts'
import { heard, openHarbour, provingOn, type Harbour } from './postern.fixture.ts'

const silence = (): void => undefined

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

test('there are 128 that do not register, however many come at once', async () => {
  await using harbour = await openHarbour()
  const closed = Promise.withResolvers<void>()
  let open = 300
  await Promise.allSettled(
    Array.from({ length: open }, async () => {
      const socket = connect({ host: '127.0.0.1', port: harbour.port })
      socket.once('close', () => (open -= 1) === 128 && closed.resolve())
      await harbour.connect(silence, { socket })
    }),
  )
  await closed.promise
  const last = await harbour.connect(silence)
  last.control.send(provingOn(last))
  assert.equal((await heard(last))?.type, 'proved')
})

test('connections of one address that do not register close no other that is about to', async () => {
  await using harbour = await openHarbour()
  const end = await connectFrom('127.0.0.2', harbour)
  await openSilent(harbour, '127.0.0.1', 150)
  end.control.send(provingOn(end))
  assert.equal((await heard(end))?.type, 'proved')
})

test('of several addresses with as many, the one goes that has waited longest', async () => {
  await using harbour = await openHarbour()
  const first = await openSilent(harbour, '127.0.0.1', 64)
  const second = await openSilent(harbour, '127.0.0.2', 64)
  const last = await connectFrom('127.0.0.3', harbour)
  await first[0]?.ended
  for (const end of [...second.slice(0, 1), last]) {
    end.control.send(provingOn(end))
    assert.equal((await heard(end))?.type, 'proved')
  }
})
