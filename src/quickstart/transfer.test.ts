import assert from 'node:assert/strict'
import { PassThrough, Transform } from 'node:stream'
import { test } from 'node:test'
import { transfer } from './transfer.ts'

const { signal } = new AbortController()

test('what comes back unchanged has the same hash and length', async () => {
  const result = await transfer(new PassThrough(), 1_000_000, signal)
  assert.equal(result.bytes, 1_000_000)
  assert.equal(result.sentSha256, result.returnedSha256)
})

test('a changed or a lost byte shows', async () => {
  for (const change of [
    (chunk: Buffer) => Buffer.concat([chunk.subarray(0, -1), Buffer.of((chunk.at(-1) ?? 0) ^ 1)]),
    (chunk: Buffer) => chunk.subarray(1),
  ]) {
    const broken = new Transform({
      transform: (chunk: Buffer, _encoding, done) => done(null, change(chunk)),
    })
    const result = await transfer(broken, 100_000, signal)
    assert.notEqual(result.sentSha256, result.returnedSha256)
  }
})

test('a tunnel that breaks, and being asked to stop, reject', async () => {
  const broken = new PassThrough()
  const failing = transfer(broken, 100_000_000, signal)
  broken.destroy(new Error('lost'))
  await assert.rejects(failing, /lost/)
  const ending = new AbortController()
  const silent = new Transform({ transform: () => undefined })
  const stopped = transfer(silent, 1000, ending.signal)
  ending.abort()
  await assert.rejects(stopped, /stopped/)
})
