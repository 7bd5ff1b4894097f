import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { test, type TestContext } from 'node:test'
import { createProbe, SilentError } from './http2-probe.ts'

type PingCallback = (error: Error | null) => void

/** A connection whose PINGs the test answers. */
function begin(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const pings: PingCallback[] = []
  const session = Object.assign(new EventEmitter(), {
    destroyed: false,
    ping: (callback: PingCallback) => pings.push(callback) > 0,
  })
  return { pings, session, probe: createProbe(session as unknown as ClientHttp2Session) }
}

test('a connection from which nothing comes for five seconds is silent for good', (t) => {
  const { probe } = begin(t)
  probe.ask()
  t.mock.timers.tick(4_999)
  assert.equal(probe.silence.aborted, false)
  t.mock.timers.tick(1)
  assert.equal(probe.silence.aborted, true)
  assert.ok(probe.silence.reason instanceof SilentError)
})

test('a gateway that answers the PING may take its time for everything else', (t) => {
  const { pings, probe } = begin(t)
  probe.ask()
  t.mock.timers.tick(4_999)
  pings[0]?.(null)
  t.mock.timers.tick(60_000)
  assert.equal(probe.silence.aborted, false)
})

test('an answer to the request is a sign of life as well', (t) => {
  const { probe } = begin(t)
  probe.ask()
  probe.heard()
  t.mock.timers.tick(60_000)
  assert.equal(probe.silence.aborted, false)
})

test('a PING that could not be sent is no answer', (t) => {
  const { pings, probe } = begin(t)
  probe.ask()
  pings[0]?.(new Error('too many of them'))
  t.mock.timers.tick(5_000)
  assert.equal(probe.silence.aborted, true)
})

test('tunnels that ask together share a PING, and those after it get one of their own', (t) => {
  const { pings, probe } = begin(t)
  probe.ask()
  t.mock.timers.tick(3_000)
  probe.ask()
  assert.equal(pings.length, 1)
  // The first answer says nothing of the time since.
  pings[0]?.(null)
  assert.equal(pings.length, 2)
  t.mock.timers.tick(5_000)
  assert.equal(probe.silence.aborted, true)
})

test('a connection that has ended is not watched any more', (t) => {
  const { session, probe } = begin(t)
  probe.ask()
  session.emit('close')
  t.mock.timers.tick(60_000)
  assert.equal(probe.silence.aborted, false)
})
