import assert from 'node:assert/strict'
import {
  appendFileSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { recordOffline } from '../control/record-offline.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { openStateDirectory } from '../store/state-directory.ts'
import { sessionRecord } from '../store/session-store.suite.ts'
import type { Store } from '../store/store.ts'
import { makeBackup } from './make-backup.ts'
import { checkBackup, restoreBackup } from './restore-backup.ts'

const nowMs = Date.UTC(2026, 10, 30, 12)

/** A state as a gateway has it while it runs: a database that is open, keys, and an audit log. */
async function openState(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'backup-'))
  t.after(() => rmSync(root, { recursive: true }))
  const stateDirectory = join(root, 'state')
  const state = await openStateDirectory(stateDirectory)
  let isReleased = false
  const release = (): void => {
    if (!isReleased) state.release()
    isReleased = true
  }
  t.after(release)
  const [secret] = await state.keys('shared_secret')
  await state.keys('cookie_secret')
  const secrets = [{ setting: 'shared_secret', bytes: secret }] as const
  const store = await openSqliteStore(state.storePath, secrets)
  t.after(() => store.close())
  await store.sessions.add(sessionRecord({ refreshToken: 'a token to keep' }))
  assert.ok(await recordOffline(state.auditPath, 'something happened', {}))
  return { root, stateDirectory, state, release, store, secrets, to: join(root, 'copy') }
}

function filesOf(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
}

async function sessionsOf(store: Store): Promise<readonly string[]> {
  return (await store.sessions.list()).map(({ id }) => id)
}

test('a state that is in use is copied whole, and comes back elsewhere with its sessions', async (t) => {
  const { root, stateDirectory, store, secrets, to } = await openState(t)
  const report = await makeBackup({ stateDirectory, to, nowMs })
  assert.deepEqual([report.sessions, report.auditFaults], [1, 0])
  assert.equal(statSync(to).mode & 0o777, 0o700)
  await store.sessions.add(sessionRecord({ id: 's-2' }))
  const checked = await checkBackup(to)
  assert.deepEqual([checked.sessions, checked.made_at], [1, '2026-11-30T12:00:00.000Z'])

  const elsewhere = join(root, 'elsewhere')
  const restored = await restoreBackup({
    from: to,
    stateDirectory: elsewhere,
    keepsSessions: true,
    nowMs,
  })
  assert.deepEqual([restored.former, restored.isRecorded], [undefined, true])
  const again = await openSqliteStore(join(elsewhere, 'postern.db'), secrets)
  t.after(() => again.close())
  assert.deepEqual(await sessionsOf(again), ['s-1'])
  assert.equal((await again.sessions.get('s-1'))?.refreshToken, 'a token to keep')
  const [audit] = filesOf(join(elsewhere, 'audit')).filter((name) => name.includes('.'))
  const lines = readFileSync(join(elsewhere, 'audit', audit ?? ''), 'utf8')
  assert.match(lines, /something happened[^]*state restored from a backup/)
})

test('whoever was signed in signs in again: which sessions were ended since is not known', async (t) => {
  const { stateDirectory, release, store, secrets, to } = await openState(t)
  await makeBackup({ stateDirectory, to, nowMs })
  const restore = () =>
    restoreBackup({ from: to, stateDirectory, keepsSessions: false, nowMs: nowMs + 1 })
  await assert.rejects(restore(), { code: 'state-directory-in-use' })
  await store.close()
  release()
  const { former } = await restore()
  assert.ok(former !== undefined && existsSync(join(former, 'postern.db')))
  assert.ok(existsSync(join(former, 'audit')))
  const again = await openSqliteStore(join(stateDirectory, 'postern.db'), secrets)
  t.after(() => again.close())
  assert.deepEqual(await sessionsOf(again), [])
})

test('a line of the audit log that is being written is left out', async (t) => {
  const { stateDirectory, state, to } = await openState(t)
  const [name] = filesOf(state.auditPath).filter((it) => it.includes('.'))
  const file = join(state.auditPath, name ?? '')
  const whole = readFileSync(file, 'utf8')
  appendFileSync(file, '{"half":')
  const { auditFaults } = await makeBackup({ stateDirectory, to, nowMs })
  assert.equal(auditFaults, 0)
  assert.equal(readFileSync(join(to, 'audit', name ?? ''), 'utf8'), whole)
})

test('a backup that was changed, cut short or emptied is not restored, and the state stays', async (t) => {
  const { stateDirectory, release, store, to } = await openState(t)
  await makeBackup({ stateDirectory, to, nowMs })
  await store.close()
  release()
  const before = filesOf(stateDirectory)
  const database = join(to, 'postern.db')
  const whole = readFileSync(database)
  const manifest = readFileSync(join(to, 'manifest.json'), 'utf8')
  const breakers: readonly (() => void)[] = [
    () => writeFileSync(database, whole.subarray(0, whole.length - 1)),
    () =>
      writeFileSync(
        database,
        Buffer.from(whole.map((byte, at) => (at === 5000 ? byte ^ 1 : byte))),
      ),
    () => rmSync(database),
    () => writeFileSync(join(to, 'manifest.json'), '{"format":1'),
    () =>
      writeFileSync(
        join(to, 'manifest.json'),
        manifest.replace('"shared_secret"', '"../shared_secret"'),
      ),
  ]
  for (const breakIt of breakers) {
    breakIt()
    const restoring = restoreBackup({ from: to, stateDirectory, keepsSessions: true, nowMs })
    await assert.rejects(restoring, { code: 'backup-unusable' })
    assert.deepEqual(filesOf(stateDirectory), before)
    writeFileSync(database, whole)
    writeFileSync(join(to, 'manifest.json'), manifest)
  }
})

test('nothing is written over, and nothing is left of a backup that fails', async (t) => {
  const { root, stateDirectory, to } = await openState(t)
  await makeBackup({ stateDirectory, to, nowMs })
  await assert.rejects(makeBackup({ stateDirectory, to, nowMs }), { code: 'backup-exists' })
  const nowhere = join(root, 'nowhere')
  await assert.rejects(makeBackup({ stateDirectory: nowhere, to: join(root, 'b'), nowMs }), {
    code: 'no-state',
  })
  writeFileSync(join(root, 'a-file'), '')
  await assert.rejects(makeBackup({ stateDirectory, to: join(root, 'a-file', 'b'), nowMs }), {
    code: 'backup-failed',
  })
  assert.deepEqual(readdirSync(root).toSorted(), ['a-file', 'copy', 'state'])
})

test('what was moved aside stays, also where another backup is put back, and is named', async (t) => {
  const { stateDirectory, release, store, to } = await openState(t)
  await makeBackup({ stateDirectory, to, nowMs })
  await store.close()
  release()
  const restore = (atMs: number) =>
    restoreBackup({ from: to, stateDirectory, keepsSessions: true, nowMs: atMs })
  const first = await restore(nowMs)
  const second = await restore(nowMs + 1_000)
  const third = await restore(nowMs + 2_000)
  assert.deepEqual([first.older, second.older], [[], [first.former]])
  assert.deepEqual(third.older, [first.former, second.former])
  for (const kept of [first, second, third])
    assert.ok(existsSync(join(kept.former ?? '', 'postern.db')))
})

const isRoot = process.getuid?.() === 0
const needsRoot = isRoot ? {} : { skip: 'only root can act for another user' }
/** Whom the state belongs to. */
const gatewayUser = 65_534

test(
  'root gives to the owner what it has restored, and nothing that a link there leads to',
  needsRoot,
  async (t) => {
    const { root, stateDirectory, release, store, to } = await openState(t)
    await makeBackup({ stateDirectory, to, nowMs })
    await store.close()
    release()
    const foreign = join(root, 'foreign')
    mkdirSync(foreign)
    writeFileSync(join(foreign, 'a-secret'), 'of root')
    chownSync(stateDirectory, gatewayUser, gatewayUser)
    symlinkSync(foreign, join(stateDirectory, 'to-a-directory'))
    symlinkSync(join(foreign, 'a-secret'), join(stateDirectory, 'to-a-file'))
    writeFileSync(join(foreign, 'of-two-names'), 'of root')
    linkSync(join(foreign, 'of-two-names'), join(stateDirectory, 'another-name'))
    await restoreBackup({ from: to, stateDirectory, keepsSessions: true, nowMs })
    const ownerOf = (path: string): number => statSync(path).uid
    assert.equal(ownerOf(join(stateDirectory, 'postern.db')), gatewayUser)
    assert.equal(ownerOf(join(stateDirectory, 'audit')), gatewayUser)
    for (const name of ['', 'a-secret', 'of-two-names'])
      assert.equal(ownerOf(join(foreign, name)), 0)
  },
)

test(
  'root copies nothing that a link in the state of another user leads to',
  needsRoot,
  async (t) => {
    const { root, stateDirectory, to } = await openState(t)
    const foreign = join(root, 'foreign')
    mkdirSync(foreign)
    writeFileSync(join(foreign, 'a-secret'), 'of root')
    chownSync(stateDirectory, gatewayUser, gatewayUser)
    await makeBackup({ stateDirectory, to: join(root, 'without-links'), nowMs })
    const links = { shared_secret: join(foreign, 'a-secret'), audit: foreign }
    for (const [name, target] of Object.entries(links)) {
      const path = join(stateDirectory, name)
      renameSync(path, `${path}.away`)
      symlinkSync(target, path)
      lchownSync(path, gatewayUser, gatewayUser)
      await assert.rejects(makeBackup({ stateDirectory, to, nowMs }), { code: 'backup-failed' })
      assert.equal(existsSync(to), false)
      rmSync(path)
      renameSync(`${path}.away`, path)
    }
  },
)
