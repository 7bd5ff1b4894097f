import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { watchHeads } from './head-deadline.ts'

function begin() {
  const clock = createFakeClock()
  const socket = Object.assign(new EventEmitter(), { bytesRead: 0 })
  const late: unknown[] = []
  const state = { isBusy: false }
  const heads = watchHeads({
    clock,
    timeoutMs: 3_000,
    lookMs: 1_000,
    isBusy: () => state.isBusy,
    onLate: (one) => late.push(one),
  })
  const connection = socket as unknown as Socket
  heads.begin(connection)
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) clock.advance(1_000)
  }
  return { socket, connection, heads, late, state, pass }
}

test('a first head has its time from the begin of the connection, however it comes', () => {
  const { socket, connection, late, pass } = begin()
  pass(1)
  socket.bytesRead += 10
  pass(1)
  assert.deepEqual(late, [])
  pass(1)
  assert.deepEqual(late, [connection])
  pass(9)
  assert.equal(late.length, 1)
})

test('one that follows has its time from its first bytes, and a body none', () => {
  const { socket, late, state, pass } = begin()
  state.isBusy = true
  for (let second = 0; second < 9; second += 1) {
    socket.bytesRead += 100
    pass(1)
  }
  state.isBusy = false
  pass(9)
  assert.deepEqual(late, [])
  socket.bytesRead += 1
  pass(3)
  assert.deepEqual(late, [])
  pass(1)
  assert.equal(late.length, 1)
})

test('what is closed, or has become a tunnel, is late for nothing', () => {
  const [closed, tunnel] = [begin(), begin()]
  closed.socket.emit('close')
  tunnel.heads.end(tunnel.connection)
  for (const { late, pass } of [closed, tunnel]) {
    pass(9)
    assert.deepEqual(late, [])
  }
})
