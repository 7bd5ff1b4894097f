import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { websocketMask, websocketUnmask } from './websocket-mask.ts'
import './ws.ts'

const bytes = fc.uint8Array({ maxLength: 300 })
const mask = fc.uint8Array({ minLength: 4, maxLength: 4 })

test('each byte is XORed with its byte of the mask, wherever in memory it lies', () => {
  fc.assert(
    fc.property(bytes, mask, fc.nat(7), fc.nat(7), (payload, key, at, keyAt) => {
      const memory = Buffer.alloc(payload.length + 16, 0xaa)
      const keys = Buffer.alloc(16)
      keys.set(key, keyAt)
      const target = memory.subarray(at, at + payload.length)
      target.set(payload)
      websocketUnmask(target, keys.subarray(keyAt, keyAt + 4))
      assert.deepEqual([...target], xored(payload, key))
      const around = [...memory.subarray(0, at), ...memory.subarray(at + payload.length)]
      assert.ok(around.every((byte) => byte === 0xaa))
    }),
  )
})

test('masking into another buffer leaves the source as it was, and writes nowhere else', () => {
  fc.assert(
    fc.property(bytes, mask, fc.nat(14), (payload, key, offset) => {
      const source = Buffer.from(payload)
      const output = Buffer.alloc(payload.length + 20, 0xaa)
      websocketMask(source, key, output, offset, payload.length)
      assert.deepEqual([...output.subarray(offset, offset + payload.length)], xored(payload, key))
      assert.deepEqual([...source], [...payload])
      assert.ok(output.subarray(offset + payload.length).every((byte) => byte === 0xaa))
    }),
  )
})

test('the library uses it', () => {
  const require = createRequire(import.meta.url)
  const path = join(dirname(require.resolve('ws/package.json')), 'lib', 'buffer-util.js')
  const { unmask } = require(path) as { unmask: (buffer: Buffer, mask: Buffer) => void }
  assert.match(unmask.toString(), /websocketUnmask/)
})

function xored(payload: Uint8Array, key: Uint8Array): number[] {
  return [...payload].map((byte, i) => byte ^ (key[i % 4] ?? 0))
}
