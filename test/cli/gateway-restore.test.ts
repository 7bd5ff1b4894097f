import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeBackup } from '../../src/backup/make-backup.ts'
import { recordOffline } from '../../src/control/record-offline.ts'
import { runProgram } from '../../src/program.fixture.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { openStateDirectory } from '../../src/store/state-directory.ts'
import { posternCommand } from '../postern-program.ts'

/** A state that no gateway uses, and a backup of it with an audit log of 3 MiB. */
async function setUp(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'postern-restore-'))
  t.after(() => rmSync(root, { recursive: true }))
  const [stateDirectory, to] = [join(root, 'state'), join(root, 'copy')]
  const state = await openStateDirectory(stateDirectory)
  const [bytes] = await state.keys('shared_secret')
  const store = await openSqliteStore(state.storePath, [{ setting: 'shared_secret', bytes }])
  await store.close()
  assert.ok(await recordOffline(state.auditPath, 'something happened', {}))
  state.release()
  writeFileSync(join(state.auditPath, 'long.jsonl'), '{}\n'.repeat(1024 * 1024))
  await makeBackup({ stateDirectory, to, nowMs: Date.UTC(2026, 10, 30, 12) })
  return { stateDirectory, to }
}

function filesOf(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
}

test(
  'nothing is left of a restore that runs out of room, and the state stays as it was',
  { skip: process.platform === 'win32' && 'needs "ulimit"' },
  async (t) => {
    const { stateDirectory, to } = await setUp(t)
    const before = filesOf(stateDirectory)
    const [program, args] = posternCommand('gateway', 'restore', '--state-directory')
    const command = [program, ...args, stateDirectory, to]
    // 1 or 2 MiB, as the shell has it: the database fits, and what is long is refused in its middle, as by a full disk.
    const limit = 'trap "" XFSZ && ulimit -f 2048 && exec "$@"'
    const { code, stderr } = await runProgram('sh', ['-c', limit, 'sh', ...command])
    assert.equal(code, 8, stderr)
    assert.match(stderr, /was not restored: .*EFBIG/)
    assert.match(stderr, /hint: nothing was changed: .*room for the backup/)
    assert.deepEqual(filesOf(stateDirectory), before)
  },
)

test('each restore names what it has moved aside, and what lies there from before', async (t) => {
  const { stateDirectory, to } = await setUp(t)
  const restore = async () => {
    const args = ['gateway', 'restore', '--json', '--state-directory', stateDirectory, to]
    const { code, stdout, stderr } = await runProgram(...posternCommand(...args))
    assert.equal(code, 0, stderr)
    const { former, older } = JSON.parse(stdout) as { former: string; older: readonly string[] }
    return { former, older, stderr }
  }
  const first = await restore()
  assert.deepEqual(first.older, [])
  assert.ok(first.stderr.includes(`"${first.former}": it is yours to remove`), first.stderr)
  const second = await restore()
  assert.deepEqual(second.older, [first.former])
  assert.match(second.stderr, /1 older one is beside it: "before-restore-\S+"$/m)
})
