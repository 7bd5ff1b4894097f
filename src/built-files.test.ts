import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { readBuiltFiles, streamShared } from './built-files.ts'

test('a file is there as it is and compressed, however the build has it, and is compressed once', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-build-'))
  t.after(() => rm(directory, { recursive: true }))
  const page = Buffer.from('<title>a page</title>')
  const small = gzipSync('let it = 1')
  await writeFile(join(directory, 'index.html'), page)
  await writeFile(join(directory, 'it.js.gz'), small)
  const files = await readBuiltFiles(directory)
  const [index, script] = [files?.get('index.html'), files?.get('it.js')]
  assert.deepEqual(Buffer.from(index?.bytes ?? []), page)
  assert.deepEqual(gunzipSync((await index?.gzipped()) ?? ''), page)
  assert.equal(await index?.gzipped(), await index?.gzipped())
  assert.equal(Buffer.from(script?.bytes ?? []).toString(), 'let it = 1')
  assert.deepEqual(Buffer.from((await script?.gzipped()) ?? []), small)
})

test('a file is lent to its readers piece by piece, and never copied', async () => {
  const bytes = new Uint8Array(40_000).map((_, index) => index % 251)
  const pieces: Uint8Array[] = []
  for await (const piece of new Response(streamShared(bytes)).body ?? []) pieces.push(piece)
  assert.ok(pieces.every(({ buffer }) => buffer === bytes.buffer))
  assert.deepEqual(Buffer.concat(pieces), Buffer.from(bytes))
  assert.ok(pieces.every(({ byteLength }) => byteLength <= 16 * 1024))
})
