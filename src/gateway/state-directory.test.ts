import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStateDirectory } from './state-directory.ts'

test('a state directory is private, and so are its keys, which stay the same', async (t) => {
  const path = join(await temporaryDirectory(t), 'new', 'state')
  const first = await openStateDirectory(path)
  const key = await first.key('shared_secret')
  assert.equal((await stat(path)).mode & 0o777, 0o700)
  assert.equal((await stat(join(path, 'shared_secret'))).mode & 0o777, 0o600)
  assert.notDeepEqual(await first.key('cookie_secret'), key)
  first.release()
  const second = await openStateDirectory(path)
  assert.deepEqual(await second.key('shared_secret'), key)
  second.release()
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
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  await assert.rejects(openStateDirectory(path), { code: 'state-directory-in-use' })
  child.kill('SIGKILL')
  await once(child, 'close')
  ;(await openStateDirectory(path)).release()
})

test('a broken key file is named, not replaced', async (t) => {
  const path = await temporaryDirectory(t)
  await writeFile(join(path, 'shared_secret'), 'short\n')
  const state = await openStateDirectory(path)
  await assert.rejects(state.key('shared_secret'), /shared_secret" holds no key of 32 bytes/)
  state.release()
})

async function temporaryDirectory(t: {
  after(callback: () => Promise<void>): void
}): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'postern-state-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}
