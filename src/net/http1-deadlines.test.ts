import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { watchDeadlines } from './http1-deadlines.ts'

function begin() {
  const clock = createFakeClock()
  const socket = Object.assign(new EventEmitter(), { bytesRead: 0 })
  const said: string[] = []
  const state = { isBusy: false }
  const deadlines = watchDeadlines({
    clock,
    headMs: 3_000,
    idleMs: 10_000,
    lookMs: 1_000,
    isBusy: () => state.isBusy,
    onLate: (one) => said.push(one === connection ? 'late' : 'late another'),
    onIdle: (one) => said.push(one === connection ? 'idle' : 'idle another'),
  })
  const connection = socket as unknown as Socket
  deadlines.begin(connection)
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) clock.advance(1_000)
  }
  /** A head, and what may change of its request. */
  const arrive = (complete: boolean) => {
    socket.bytesRead += 100
    const request = { socket, complete }
    deadlines.arrived(request as unknown as IncomingMessage)
    return request
  }
  return { socket, connection, deadlines, said, state, pass, arrive }
}

test('a first head has its time from the begin of the connection, however it comes', () => {
  const { socket, said, pass } = begin()
  pass(1)
  socket.bytesRead += 10
  pass(1)
  assert.deepEqual(said, [])
  pass(1)
  assert.deepEqual(said, ['late'])
  pass(20)
  assert.equal(said.length, 1)
})

test('requests that come whole and are answered between two looks are late for nothing', () => {
  const { said, pass, arrive } = begin()
  for (let asked = 0; asked < 9; asked += 1) {
    arrive(true)
    pass(1)
  }
  pass(8)
  arrive(true)
  pass(10)
  assert.deepEqual(said, [])
  pass(1)
  assert.deepEqual(said, ['idle'])
})

test('a head that follows has its time from its first bytes, and a body none', () => {
  const { socket, said, state, pass, arrive } = begin()
  const request = arrive(false)
  state.isBusy = true
  for (let second = 0; second < 20; second += 1) {
    socket.bytesRead += 100
    // Answered before the body is whole.
    if (second === 10) state.isBusy = false
    pass(1)
  }
  socket.bytesRead += 100
  request.complete = true
  pass(9)
  assert.deepEqual(said, [])
  socket.bytesRead += 1
  pass(3)
  assert.deepEqual(said, [])
  pass(1)
  assert.deepEqual(said, ['late'])
})

test('an answer has no deadline here', () => {
  const { said, state, pass, arrive } = begin()
  arrive(true)
  state.isBusy = true
  pass(60)
  assert.deepEqual(said, [])
})

test('what is closed, or has become a tunnel, is late for nothing', () => {
  const [closed, tunnel] = [begin(), begin()]
  closed.socket.emit('close')
  tunnel.deadlines.end(tunnel.connection)
  for (const { said, pass } of [closed, tunnel]) {
    pass(20)
    assert.deepEqual(said, [])
  }
})
