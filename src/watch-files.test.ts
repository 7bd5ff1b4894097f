import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runProgramSync } from './program.fixture.ts'
import { fingerprintOf } from './files.ts'
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

test('a file behind links is noticed wherever its content comes from', async (t) => {
  const { directory, watch, next } = await watched(t)
  const [first, second, current] = ['first', 'second', 'current'].map((it) => join(directory, it))
  assert.ok(first !== undefined && second !== undefined && current !== undefined)
  await Promise.all([mkdir(first), mkdir(second)])
  await writeFile(join(first, 'real.yaml'), 'one')
  await writeFile(join(second, 'real.yaml'), 'three')
  const links = join(directory, 'links')
  await mkdir(links)
  const path = join(links, 'postern.yaml')
  await symlink(first, current)
  await symlink(join('..', 'current', 'real.yaml'), path)
  watch.follow(new Map([[path, fingerprintOf(Buffer.from('one'))]]))
  await writeFile(join(first, 'real.yaml'), 'two')
  await next()
  // A release is put in force by a link that leads to another directory.
  await symlink(second, `${current}.new`)
  await rename(`${current}.new`, current)
  await next()
  await writeFile(join(second, 'real.yaml'), 'four')
  await next()
})

test('a file is noticed after its directory was removed and made again', async (t) => {
  const { directory, watch, next } = await watched(t)
  const inner = join(directory, 'inner')
  const path = join(inner, 'postern.yaml')
  await mkdir(inner)
  await writeFile(path, 'one')
  watch.follow(new Map([[path, fingerprintOf(Buffer.from('one'))]]))
  await rm(inner, { recursive: true })
  await next()
  await mkdir(inner)
  await writeFile(path, 'two')
  await next()
  await mkdir(`${inner}.new`)
  await writeFile(join(`${inner}.new`, 'postern.yaml'), 'three')
  await rename(inner, `${inner}.old`)
  await rename(`${inner}.new`, inner)
  await next()
  await writeFile(path, 'four')
  await next()
})

test('a file is noticed while another one beside it is written all the time', async (t) => {
  const { path, next } = await watched(t)
  const log = setInterval(() => appendFileSync(`${path}.log`, 'a line\n'), 20)
  try {
    await writeFile(path, 'two')
    const late = new Promise((resolve) => setTimeout(resolve, 10_000, 'late').unref())
    assert.equal(await Promise.race([next(), late]), undefined)
  } finally {
    clearInterval(log)
  }
})

test('a file that cannot be taken is told once, and a pipe is not waited for', async (t) => {
  const { path, watch, changes, next } = await watched(t)
  await rm(path)
  runProgramSync('mkfifo', [path])
  await next()
  await rm(path)
  await writeFile(path, Buffer.alloc(5 * 1024 * 1024))
  watch.follow(new Map([[path, fingerprintOf(undefined)]]))
  await looked(path)
  assert.equal(changes(), 1)
})

test('a watch that was disposed of follows nothing', async (t) => {
  const { path, watch, changes } = await watched(t)
  watch[Symbol.dispose]()
  watch.follow(new Map([[path, fingerprintOf(undefined)]]))
  await looked(path)
  assert.equal(changes(), 0)
})

/** Resolves once a watch that begins now has looked at a file, and so has every earlier one. */
async function looked(path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  using watch = watchFiles(resolve)
  watch.follow(new Map([[path, 'another content']]))
  await promise
}

async function watched(t: TestContext): Promise<{
  directory: string
  path: string
  watch: FileWatch
  changes(): number
  next(): Promise<void>
}> {
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
  let heard = 0
  // One that came before it was waited for is not missed.
  const next = async (): Promise<void> => {
    if (changes === heard) await new Promise<void>((resolve) => (resolveNext = resolve))
    heard = changes
  }
  return { directory, path, watch, changes: () => changes, next }
}
