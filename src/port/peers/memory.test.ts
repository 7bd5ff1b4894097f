import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectionsByMemory, heldBytesByMemory, beyondBytesByMemory } from './memory.ts'

const mib = 1024 * 1024

test('a small machine has fewer connections without a tunnel than the default of 4,000', () => {
  assert.equal(connectionsByMemory(48 * mib), 96)
  assert.equal(connectionsByMemory(512 * mib), 1_792)
  assert.ok(connectionsByMemory(1072 * mib) > 4_000)
})

test('a small machine holds a sixteenth of its memory for requests and answers', () => {
  assert.equal(heldBytesByMemory(512 * mib), 32 * mib)
  assert.equal(heldBytesByMemory(64 * 1024 * mib), 64 * mib)
})

test('a large machine keeps more of what nobody reads, a small one no less than is kept elsewhere', () => {
  assert.equal(beyondBytesByMemory(256 * mib), 48 * mib)
  assert.equal(beyondBytesByMemory(2048 * mib), 256 * mib)
})

test('this machine has memory for some', () => {
  const connections = connectionsByMemory()
  assert.ok(Number.isSafeInteger(connections) && connections > 100, `${connections}`)
})
