import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { readBuiltFiles } from '../../src/built-files.ts'
import { compressPages } from './compress-pages.ts'

test('a build that an executable keeps compressed is read as the one that it was made of', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'built-files-'))
  try {
    mkdirSync(join(directory, 'assets'))
    writeFileSync(join(directory, 'index.html'), '<p>hello')
    writeFileSync(join(directory, 'assets', 'a.js'), 'a()')
    writeFileSync(join(directory, 'made-of'), 'abc')
    const plain = await readBuiltFiles(directory)
    compressPages(directory)
    const compressed = await readBuiltFiles(directory)
    assert.deepEqual([...(compressed?.keys() ?? [])].sort(), ['assets/a.js', 'index.html'])
    for (const [name, { type, bytes, gzipped }] of compressed ?? []) {
      assert.deepEqual(
        { type, bytes },
        { type: plain?.get(name)?.type, bytes: plain?.get(name)?.bytes },
      )
      const small = await gzipped()
      assert.deepEqual(gunzipSync(small), Buffer.from(bytes))
      assert.equal(small[9], 255, 'the system that it was made on is said')
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
})
