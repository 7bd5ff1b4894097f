import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fingerprintOf } from './config/files.ts'
import { watchFiles, type FileWatch } from './watch-files.ts'

test('a changed file is noticed, and one that was written with the same content is not', async (t) => {
  const { path, changes, next } = await watched(t)
  await writeFile(path, 'one')
  await writeFile(path, 'two')
  await next()
  assert.equal(changes(), 1)
})

test('a file that was changed before it was followed is noticed', async (t) => {
  const { path, watch, next } = await watched(t)
  await writeFile(path, 'two')
  await next()
  watch.follow(new Map([[path, fingerprintOf(Buffer.from('read before that'))]]))
  await next()
})

test('a file that another one was renamed over is noticed, again and again', async (t) => {
  const { path, next } = await watched(t)
  for (const content of ['two', 'three']) {
    await writeFile(`${path}.new`, content)
    await rename(`${path}.new`, path)
    await next()
  }
})

async function watched(
  t: TestContext,
): Promise<{ path: string; watch: FileWatch; changes(): number; next(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-watch-'))
  const path = join(directory, 'postern.yaml')
  await writeFile(path, 'one')
  let changes = 0
  let resolveNext = (): void => undefined
  const watch = watchFiles(() => {
    changes += 1
    resolveNext()
  })
  watch.follow(new Map([[path, fingerprintOf(Buffer.from('one'))]]))
  t.after(async () => {
    watch[Symbol.dispose]()
    await rm(directory, { recursive: true })
  })
  const next = (): Promise<void> => new Promise((resolve) => (resolveNext = resolve))
  return { path, watch, changes: () => changes, next }
}
