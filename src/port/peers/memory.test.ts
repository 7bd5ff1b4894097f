import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectionsByMemory } from './memory.ts'

const mib = 1024 * 1024

test('a small machine has fewer connections without a tunnel than the default of 4,000', () => {
  assert.equal(connectionsByMemory(48 * mib), 96)
  assert.equal(connectionsByMemory(512 * mib), 1_920)
  assert.ok(connectionsByMemory(1040 * mib) > 4_000)
})

test('this machine has memory for some', () => {
  const connections = connectionsByMemory()
  assert.ok(Number.isSafeInteger(connections) && connections > 100, `${connections}`)
})
