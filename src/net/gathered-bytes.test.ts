import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatherBytes } from './gathered-bytes.ts'

test('pieces become one run of bytes, in their order', () => {
  const gathered = gatherBytes()
  for (const piece of ['a', '', 'bc', 'd'.repeat(1_000)]) gathered.add(Buffer.from(piece))
  assert.equal(gathered.length, 1_003)
  assert.equal(gathered.take().toString(), `abc${'d'.repeat(1_000)}`)
  assert.deepEqual([gathered.length, gathered.take().length], [0, 0])
})

test('what was taken is not written over by what comes next, and holds nothing of where it came from', () => {
  const gathered = gatherBytes()
  const read = Buffer.from('xyz')
  gathered.add(read.subarray(1, 2))
  const taken = gathered.take()
  gathered.add(Buffer.from('new'))
  read.fill('-')
  assert.equal(taken.toString(), 'y')
  assert.ok(taken.buffer.byteLength < 16)
})
