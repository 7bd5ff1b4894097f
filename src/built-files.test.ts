import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamShared } from './built-files.ts'

test('a file is lent to its readers piece by piece, and never copied', async () => {
  const bytes = new Uint8Array(40_000).map((_, index) => index % 251)
  const pieces: Uint8Array[] = []
  for await (const piece of new Response(streamShared(bytes)).body ?? []) pieces.push(piece)
  assert.ok(pieces.every(({ buffer }) => buffer === bytes.buffer))
  assert.deepEqual(Buffer.concat(pieces), Buffer.from(bytes))
  assert.ok(pieces.every(({ byteLength }) => byteLength <= 16 * 1024))
})
