import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { spawnProgram } from '../program.fixture.ts'
import { openStateDirectory } from './state-directory.ts'

test('a state directory is private, and so are its keys, which stay the same', async (t) => {
  const path = join(await temporaryDirectory(t), 'new', 'state')
  const first = await openStateDirectory(path)
  const key = await first.keys('shared_secret')
  assert.equal((await stat(path)).mode & 0o777, 0o700)
  assert.equal((await stat(join(path, 'shared_secret'))).mode & 0o777, 0o600)
  assert.notDeepEqual(await first.keys('cookie_secret'), key)
  first.release()
  const second = await openStateDirectory(path)
  assert.deepEqual(await second.keys('shared_secret'), key)
  second.release()
})

test('former keys stand in the lines behind the one that is in use', async (t) => {
  const path = await temporaryDirectory(t)
  const state = await openStateDirectory(path)
  t.after(() => state.release())
  const [former] = await state.keys('cookie_secret')
  const next = Buffer.alloc(32, 5)
  const file = join(path, 'cookie_secret')
  await writeFile(file, `${next.toString('base64')}\n\n${former.toString('base64')}\n`)
  assert.deepEqual(await state.keys('cookie_secret'), [next, former])
  await writeFile(file, `${next.toString('base64')}\nno key\n`)
  await assert.rejects(state.keys('cookie_secret'), /a line that is none/)
})

test('a second gateway on the same directory is refused while the first runs', async (t) => {
  const path = await temporaryDirectory(t)
  const first = await openStateDirectory(path)
  await assert.rejects(openStateDirectory(path), { code: 'state-directory-in-use' })
  first.release()
  ;(await openStateDirectory(path)).release()
})

test('a gateway that was killed leaves no lock behind', async (t) => {
  const path = await temporaryDirectory(t)
  const module = JSON.stringify(join(import.meta.dirname, 'state-directory.ts'))
  const script = `import { openStateDirectory } from ${module}
    await openStateDirectory(${JSON.stringify(path)}); console.log('taken'); setInterval(() => 0, 1000)`
  const child = spawnProgram(process.execPath, ['--input-type=module', '-e', script])
  await once(child.stdout, 'data')
  await assert.rejects(openStateDirectory(path), { code: 'state-directory-in-use' })
  child.kill('SIGKILL')
  await once(child, 'close')
  ;(await openStateDirectory(path)).release()
})

test('a directory that cannot be used says why, and blames no other gateway', async (t) => {
  const path = await temporaryDirectory(t)
  await writeFile(join(path, 'file'), '')
  const unusable = { code: 'state-directory-unusable', hint: /"state_directory"/ }
  const notOne = {
    ...unusable,
    message: `"${join(path, 'file')}" cannot be used: it is not a directory`,
  }
  await assert.rejects(openStateDirectory(join(path, 'file')), notOne)
  // SQLite answers as it does on a file system that is read-only, where root is refused as well.
  await mkdir(join(path, 'gateway.lock'))
  await assert.rejects(openStateDirectory(path), { ...unusable, message: /unable to open/ })
  await rm(join(path, 'gateway.lock'), { recursive: true })
  await writeFile(
    join(path, 'gateway.lock'),
    'no database at all, but long enough for a header '.repeat(9),
  )
  await assert.rejects(openStateDirectory(path), { ...unusable, message: /not a database/ })
})

test('a key file that cannot be read is named', async (t) => {
  const path = await temporaryDirectory(t)
  await mkdir(join(path, 'shared_secret'))
  const state = await openStateDirectory(path)
  await assert.rejects(state.keys('shared_secret'), {
    code: 'state-directory-unusable',
    message: /shared_secret" cannot be used/,
  })
  state.release()
})

test('what a kill has left of files that were being written is removed, and is no key', async (t) => {
  const path = await temporaryDirectory(t)
  await mkdir(join(path, 'audit'))
  const drafts = ['shared_secret.new', join('audit', 'dropped.txt.new')]
  for (const name of [...drafts, 'own.new']) await writeFile(join(path, name), 'AAAA')
  const state = await openStateDirectory(path)
  assert.deepEqual((await readdir(path, { recursive: true })).toSorted(), [
    'audit',
    'gateway.lock',
    'gateway.lock-journal',
    // Somebody else's.
    'own.new',
  ])
  const [key] = await state.keys('shared_secret')
  assert.equal(key.length, 32)
  assert.deepEqual(await state.keys('shared_secret'), [key])
  assert.ok(!(await readdir(path)).includes('shared_secret.new'))
  state.release()
})

test('a key has its name only once it is whole', async (t) => {
  const path = await temporaryDirectory(t)
  const script = `import { openStateDirectory } from ${JSON.stringify(join(import.meta.dirname, 'state-directory.ts'))}
    import fs from 'node:fs/promises'; import { syncBuiltinESMExports } from 'node:module'
    const { writeFile } = fs
    fs.writeFile = async (path, ...rest) => { await writeFile(path, '', ...rest.slice(1)); process.kill(process.pid, 'SIGKILL') }
    syncBuiltinESMExports()
    await (await openStateDirectory(${JSON.stringify(path)})).keys('shared_secret')`
  const child = spawnProgram(process.execPath, ['--input-type=module', '-e', script])
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL')
  const state = await openStateDirectory(path)
  assert.equal((await state.keys('shared_secret'))[0].length, 32)
  state.release()
})

test('a broken key file is named, not replaced', async (t) => {
  const path = await temporaryDirectory(t)
  await writeFile(join(path, 'shared_secret'), 'short\n')
  const state = await openStateDirectory(path)
  await assert.rejects(state.keys('shared_secret'), /shared_secret" holds no key of 32 bytes/)
  state.release()
})

async function temporaryDirectory(t: {
  after(callback: () => Promise<void>): void
}): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'postern-state-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}
