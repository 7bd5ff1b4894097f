import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { RefusedError } from '../../reach/refused.ts'
import { parseDestination } from '../../reach/destination.ts'
import { hurriedClock } from './daemon.fixture.ts'
import type { GatewayLink } from '../gateways/gateway-link.ts'
import { runConnection, type RunningParts } from './running-connection.ts'

const parts: Omit<RunningParts, 'link'> = {
  destination: parseDestination('db.corp:5432', 'https://gateway.corp'),
  listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
  clock: hurriedClock,
  log: () => undefined,
  onChange: () => undefined,
  whoHolds: () => Promise.resolve(undefined),
}

test('is closed when a further attempt to listen is over as well', async () => {
  const began = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<GatewayLink>()
  let attempts = 0
  const running = runConnection({
    ...parts,
    link() {
      attempts += 1
      if (attempts === 1) return Promise.reject(new Error('not yet'))
      began.resolve()
      return gate.promise
    },
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

test('leaves nothing that listens, whenever it is closed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-running-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const view = { reach: 'unknown', session: 'unknown' }
  const link = { client: {}, view, check: () => Promise.resolve() } as unknown as GatewayLink
  for (let steps = 0; steps < 40; steps += 1) {
    const path = join(folder, `${steps}.sock`)
    const running = runConnection({
      ...parts,
      listen: { kind: 'unix', path },
      link: async () => link,
    })
    // Each step is shorter than a turn of the event loop: some of them are between its look and its listening.
    for (let waited = 0; waited < steps; waited += 1) await Promise.resolve()
    await running.close(0)
    assert.equal(existsSync(path), false, `after ${steps} steps`)
  }
})

test('tries no more once it is closed', async () => {
  let waiting = 0
  const clock: Clock = {
    now: () => 0,
    schedule() {
      waiting += 1
      return { [Symbol.dispose]: () => (waiting -= 1) }
    },
  }
  const link = (): Promise<GatewayLink> => Promise.reject(new Error('never'))
  const running = runConnection({ ...parts, clock, link })
  await running.tried
  assert.equal(waiting, 1)
  await running.close(0)
  assert.equal(waiting, 0)
})

test('a route that answered without a sign-in wants one after somebody has left', async (t) => {
  const denied = new RefusedError('policy-denied', 'no', {
    status: 403,
    requestId: '',
    reasons: [],
  })
  const view: { reach: string; session: string } = { reach: 'reachable', session: 'wanted' }
  const failed = Promise.withResolvers<void>()
  const link = {
    client: { open: () => Promise.reject(denied) },
    view,
    check: () => Promise.resolve(),
    heard: () => failed.resolve(),
  } as unknown as GatewayLink
  const running = runConnection({ ...parts, link: async () => link })
  t.after(() => running.close(0))
  await running.tried
  assert.equal(running.state, 'sign-in-needed')
  const [host, port] = running.address?.split(':') ?? []
  const socket = connect({ host: host ?? '', port: Number(port) }).on('error', () => undefined)
  t.after(() => void socket.destroy())
  await failed.promise
  assert.equal(running.state, 'denied', 'nobody has to sign in to be denied')
  view.session = 'signed-in'
  running.gatewayChanged()
  view.session = 'wanted'
  running.gatewayChanged()
  assert.equal(running.state, 'sign-in-needed')
})
