import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { runProgramSync } from '../../program.fixture.ts'
import { takeSignInLock } from './sign-in-lock.ts'

async function withLockPath(
  use: (path: string, directory: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-'))
  try {
    await use(join(directory, 'sub', 'gateway.lock'), directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** The process id of a process that has ended. */
function endedPid(): number {
  return runProgramSync(process.execPath, ['--version']).pid
}

function holder(fields: object): string {
  const own = { pid: process.pid, host: hostname(), sinceMs: Date.now(), nonce: 'n' }
  return JSON.stringify({ ...own, ...fields })
}

test('a lock is held once, and free again after its release', () =>
  withLockPath(async (path) => {
    const first = await takeSignInLock(path)
    assert.ok(first)
    assert.equal(await takeSignInLock(path), undefined)
    await first[Symbol.asyncDispose]()
    await using second = await takeSignInLock(path)
    assert.ok(second)
  }))

test('of many who try at once one gets it', () =>
  withLockPath(async (path) => {
    const tries = await Promise.all(Array.from({ length: 20 }, () => takeSignInLock(path)))
    assert.equal(tries.filter((lock) => lock !== undefined).length, 1)
  }))

for (const [what, fields] of [
  ['of a process that has ended', { pid: endedPid() }],
  ['older than any sign-in', { sinceMs: Date.now() - 3_600_000 }],
  ["of a process whose id is another one's by now", { start: 'long ago' }],
  ['of another machine, and too old', { host: 'elsewhere', sinceMs: Date.now() - 3_600_000 }],
] as const) {
  test(`a lock ${what} is taken over, by one of many`, () =>
    withLockPath(async (path) => {
      await (await takeSignInLock(path))?.[Symbol.asyncDispose]()
      for (let round = 0; round < 50; round += 1) {
        await writeFile(path, holder(fields))
        const tries = await Promise.all(Array.from({ length: 10 }, () => takeSignInLock(path)))
        const taken = tries.filter((lock) => lock !== undefined)
        assert.equal(taken.length, 1, `round ${round}`)
        assert.equal(await takeSignInLock(path), undefined)
        await taken[0]?.[Symbol.asyncDispose]()
        assert.deepEqual(await readdir(dirname(path)), [])
      }
    }))
}

test('a lock is taken over also after somebody was killed while doing so', () =>
  withLockPath(async (path) => {
    await (await takeSignInLock(path))?.[Symbol.asyncDispose]()
    const killed = holder({ pid: endedPid() })
    await writeFile(path, killed)
    await writeFile(`${path}.takeover`, killed)
    assert.equal(await takeSignInLock(path), undefined)
    await using lock = await takeSignInLock(path)
    assert.ok(lock)
    assert.deepEqual(await readdir(dirname(path)), ['gateway.lock'])
  }))

test('a lock that changes hands while its holder is looked for is not taken over', () =>
  withLockPath(async (path) => {
    await (await takeSignInLock(path))?.[Symbol.asyncDispose]()
    const gone = holder({ pid: endedPid() })
    await writeFile(path, gone)
    let next: AsyncDisposable | undefined
    let looks = 0
    const late = await takeSignInLock(path, undefined, async () => {
      looks += 1
      if (looks === 2) {
        // It has let go, somebody else has come, and then it ended.
        await rm(path)
        next = await takeSignInLock(path)
      }
      return { isRunning: false, start: undefined }
    })
    assert.ok(next !== undefined && looks === 2)
    assert.equal(late, undefined)
    await next[Symbol.asyncDispose]()
    assert.deepEqual(await readdir(dirname(path)), [])
  }))

test('garbage in the file is no lock', () =>
  withLockPath(async (path) => {
    await (await takeSignInLock(path))?.[Symbol.asyncDispose]()
    for (const text of ['', '{', '{}', 'null', holder({ pid: -1 }), holder({ nonce: 1 })]) {
      await writeFile(path, text)
      await using lock = await takeSignInLock(path)
      assert.ok(lock, text)
    }
  }))

test('a young lock of another machine is respected', () =>
  withLockPath(async (path) => {
    await (await takeSignInLock(path))?.[Symbol.asyncDispose]()
    await writeFile(path, holder({ host: 'elsewhere', pid: endedPid() }))
    assert.equal(await takeSignInLock(path), undefined)
  }))

test('a release leaves the lock of whoever took over alone, and no other files', () =>
  withLockPath(async (path) => {
    const lock = await takeSignInLock(path)
    await writeFile(path, holder({ nonce: 'another' }))
    await lock?.[Symbol.asyncDispose]()
    assert.match(await readFile(path, 'utf8'), /another/)
    assert.deepEqual(await readdir(join(path, '..')), ['gateway.lock'])
  }))

test('where no lock can be written a sign-in may go ahead', () =>
  withLockPath(async (_path, directory) => {
    await writeFile(join(directory, 'file'), '')
    await using lock = await takeSignInLock(join(directory, 'file', 'gateway.lock'))
    assert.ok(lock)
  }))

test('a lock that changes hands quickly is never in two', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-lock-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'lock')
  let [holders, most, taken] = [0, 0, 0]
  const contend = async (): Promise<void> => {
    while (taken < 400) {
      await using lock = await takeSignInLock(path)
      if (lock === undefined) continue
      taken += 1
      most = Math.max(most, (holders += 1))
      await stat(folder)
      holders -= 1
    }
  }
  await Promise.all(Array.from({ length: 8 }, contend))
  assert.equal(most, 1)
})
