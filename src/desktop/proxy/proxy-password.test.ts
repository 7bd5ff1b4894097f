import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createPasswordCheck, proxyPassword } from './proxy-password.ts'

async function stateOf(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

test('it is random, the same at each call, and readable by its user alone', async (t) => {
  const state = await stateOf(t)
  const first = await proxyPassword(join(state, 'new'))
  assert.match(first.password, /^[\w-]{32}$/)
  assert.deepEqual(await proxyPassword(join(state, 'new')), first)
  const path = join(state, 'new', 'proxy-password')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal(await readFile(path, 'utf8'), `${first.password}\n`)
  assert.notEqual((await proxyPassword(join(state, 'other'))).password, first.password)
})

test('who asks in the same moment gets the same', async (t) => {
  const state = await stateOf(t)
  const all = await Promise.all(Array.from({ length: 20 }, () => proxyPassword(state)))
  assert.equal(new Set(all.map(({ password }) => password)).size, 1)
})

test('one that others could read, that is damaged, or that is elsewhere is made anew', async (t) => {
  const state = await stateOf(t)
  const path = join(state, 'proxy-password')
  let known = (await proxyPassword(state)).password
  const spoil = [
    () => chmod(path, 0o640),
    () => writeFile(path, 'short\n'),
    () => writeFile(path, `${known}\n${known}\n`),
    async () => {
      await writeFile(join(state, 'elsewhere'), known, { mode: 0o600 })
      await rm(path)
      await symlink('elsewhere', path)
    },
  ]
  for (const one of spoil) {
    await one()
    const { password } = await proxyPassword(state)
    assert.match(password, /^[\w-]{32}$/)
    assert.notEqual(password, known)
    const found = await stat(path)
    assert.equal(found.mode & 0o777, 0o600)
    known = password
  }
})

test('where it cannot be kept, its file is named and its text is not', async (t) => {
  const state = await stateOf(t)
  await writeFile(join(state, 'file'), '')
  await assert.rejects(proxyPassword(join(state, 'file')), {
    code: 'proxy-password-unusable',
    message: /proxy-password": /,
  })
})

test('the pair is right only as a whole', () => {
  const check = createPasswordCheck({ user: 'postern', password: 'pass' })
  const given = (user: string, password: string): boolean =>
    check(Buffer.from(user), Buffer.from(password))
  assert.equal(given('postern', 'pass'), true)
  for (const [user, password] of [
    ['postern', 'Pass'],
    ['postern', ''],
    ['', 'pass'],
    ['posternpass', ''],
    ['postern', 'pass\0'],
  ] as const) {
    assert.equal(given(user, password), false)
  }
})
