import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { parseDestination } from '../../reach/destination.ts'
import { hurriedClock } from './daemon.fixture.ts'
import type { GatewayLink } from './gateway-link.ts'
import { runConnection } from './running-connection.ts'

test('is closed when a further attempt to listen is over as well', async () => {
  const began = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<GatewayLink>()
  let attempts = 0
  const running = runConnection({
    destination: parseDestination('db.corp:5432', 'https://gateway.corp'),
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    link() {
      attempts += 1
      if (attempts === 1) return Promise.reject(new Error('not yet'))
      began.resolve()
      return gate.promise
    },
    clock: hurriedClock,
    log: () => undefined,
    onChange: () => undefined,
    whoHolds: () => Promise.resolve(undefined),
  })
  await running.tried
  assert.equal(running.state, 'failed')
  await began.promise
  let isClosed = false
  const closing = running.close(0).then(() => (isClosed = true))
  await turn()
  assert.equal(isClosed, false)
  gate.reject(new Error('late'))
  await closing
})
