import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLogger, type Logger } from '../../log.ts'
import { openTokenCache } from './token-cache.ts'

const scope = { origin: 'https://gw.example.com:8443', isVerified: true }

async function inDirectory(use: (path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'postern-'))
  try {
    await use(path)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

test('a token is found by another process with the same gateway, and by no other gateway', () =>
  inDirectory(async (path) => {
    await openTokenCache(path, scope, silentLogger).write('aa.bb.cc')
    assert.equal(await openTokenCache(path, scope, silentLogger).read(), 'aa.bb.cc')
    for (const other of [
      { ...scope, isVerified: false },
      { ...scope, origin: 'https://gw.example.com' },
      { ...scope, origin: 'http://gw.example.com:8443' },
    ]) {
      assert.equal(await openTokenCache(path, other, silentLogger).read(), undefined)
    }
  }))

test('nothing but the token is left after writing it again', () =>
  inDirectory(async (path) => {
    const cache = openTokenCache(path, scope, silentLogger)
    await cache.write('aa.bb.cc')
    await cache.write('dd.ee.ff')
    const names = await readdir(path)
    assert.equal(names.length, 1)
    assert.equal(await readFile(join(path, names[0] ?? ''), 'utf8'), 'dd.ee.ff')
  }))

test('a rejected token is forgotten, one that has taken its place is not', () =>
  inDirectory(async (path) => {
    const cache = openTokenCache(path, scope, silentLogger)
    await cache.write('aa.bb.cc')
    await cache.forget('other')
    assert.equal(await cache.read(), 'aa.bb.cc')
    await cache.forget('aa.bb.cc')
    assert.equal(await cache.read(), undefined)
  }))

test('a file that holds no token is as good as none', () =>
  inDirectory(async (path) => {
    const cache = openTokenCache(path, scope, silentLogger)
    await cache.write('aa.bb.cc')
    const [name = ''] = await readdir(path)
    for (const content of ['', 'two words', 'a\nb', 'x'.repeat(10_000)]) {
      await writeFile(join(path, name), content)
      assert.equal(await cache.read(), undefined)
    }
  }))

test('where nothing can be written the token is kept in memory, with one warning', () =>
  inDirectory(async (path) => {
    const warnings: string[] = []
    const log: Logger = { ...silentLogger, warn: (message) => warnings.push(message) }
    await writeFile(join(path, 'file'), '')
    const cache = openTokenCache(join(path, 'file', 'tokens'), scope, log)
    await cache.write('aa.bb.cc')
    await cache.write('dd.ee.ff')
    assert.equal(await cache.read(), 'dd.ee.ff')
    assert.equal(warnings.length, 1)
    await cache.forget('dd.ee.ff')
    assert.equal(await cache.read(), undefined)
  }))

test('somebody without a home keeps nothing, not even as root, and signs in all the same', async () => {
  const warnings: string[] = []
  const log: Logger = { ...silentLogger, warn: (message) => warnings.push(message) }
  const cache = openTokenCache(join(devNull, '.cache', 'postern'), scope, log)
  assert.equal(await cache.read(), undefined)
  await cache.write('aa.bb.cc')
  assert.equal(await cache.read(), 'aa.bb.cc')
  assert.match(warnings.join(), /cannot keep the sign-in for later runs: ENOTDIR/)
})
