import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUnregistered } from './unregistered.ts'

test('of many that come in one turn each closes one, and the same one never twice', () => {
  const unregistered = createUnregistered(128)
  const closed: number[] = []
  const connections = Array.from({ length: 300 }, (_, index) => ({
    destroy: () => void closed.push(index),
  }))
  for (const connection of connections) unregistered.add(connection, '192.0.2.1')
  assert.deepEqual(
    closed,
    connections.slice(0, 172).map((_connection, index) => index),
  )
})

test('the network of one IPv6 subscriber counts as one address', () => {
  const unregistered = createUnregistered(128)
  const closed: string[] = []
  const add = (ip: string): void => unregistered.add({ destroy: () => void closed.push(ip) }, ip)
  add('2001:db8:1::1')
  add('2001:db8:2::1')
  for (let host = 1; host <= 127; host += 1) add(`2001:db8:3::${host}`)
  assert.deepEqual(closed, ['2001:db8:3::1'])
})
