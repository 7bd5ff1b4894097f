import assert from 'node:assert/strict'
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { listAuditFiles } from '../telemetry/audit/list-files.ts'
import { readAudit, type KeptEntry } from '../telemetry/audit/read-audit.ts'
import { recordOffline } from './record-offline.ts'

const isRoot = process.getuid?.() === 0

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'offline-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

test('what is changed while no gateway runs is kept as a change by command', async (t) => {
  const audit = join(await temporaryDirectory(t), 'audit')
  assert.equal(await recordOffline(audit, 'something changed', { sessions: 2 }), true)
  const entries: KeptEntry[] = []
  for await (const it of readAudit(audit, 0)) entries.push(it)
  const [begun, kept, ...others] = entries
  const { time, series, seq, prev, ...entry } = kept ?? ({ time: '' } as KeptEntry)
  assert.match(time, /^\d{4}-/)
  assert.deepEqual(entry, { kind: 'admin', event: 'something changed', sessions: 2 })
  assert.deepEqual([begun?.event, series, seq], ['file begun', 'people', 2])
  assert.match(String(prev), /^[0-9a-f]{64}$/)
  assert.deepEqual(others, [])
})

test('what cannot be kept is told', async (t) => {
  const audit = join(await temporaryDirectory(t), 'audit')
  await writeFile(audit, 'no directory')
  assert.equal(await recordOffline(audit, 'something changed', {}), false)
})

const needsRoot = { skip: !isRoot && 'only root leaves files that another user cannot write' }
test('what root keeps belongs to whose the directory is', needsRoot, async (t) => {
  const directory = await temporaryDirectory(t)
  await chown(directory, 12_345, 12_346)
  const audit = join(directory, 'audit')
  await recordOffline(audit, 'something changed', {})
  const [file] = await listAuditFiles(audit)
  for (const path of [audit, file?.path ?? '']) {
    const { uid, gid } = await stat(path)
    assert.deepEqual([uid, gid], [12_345, 12_346])
  }
})

const needsLinks = { skip: process.platform === 'win32' && 'links need rights there' }
test('nothing that a link in the log leads to is written or given away', needsLinks, async (t) => {
  for (const text of ['whole\n', 'whole\ntorn']) {
    const directory = await temporaryDirectory(t)
    const [audit, target] = [join(directory, 'audit'), join(directory, 'shadow')]
    await mkdir(audit)
    await writeFile(target, text)
    const { uid } = await lstat(target)
    if (isRoot) await chown(directory, 12_345, 12_346)
    await symlink(target, join(audit, 'strangers-9999-12-31-0001.jsonl'))
    assert.equal(await recordOffline(audit, 'something changed', {}), true)
    await symlink(target, join(audit, 'people-9999-12-31-0001.jsonl'))
    assert.equal(await recordOffline(audit, 'something changed', {}), false)
    assert.deepEqual([await readFile(target, 'utf8'), (await lstat(target)).uid], [text, uid])
  }
  const directory = await temporaryDirectory(t)
  const elsewhere = await temporaryDirectory(t)
  if (isRoot) await chown(directory, 12_345, 12_346)
  await symlink(elsewhere, join(directory, 'audit'))
  await recordOffline(join(directory, 'audit'), 'something changed', {})
  assert.equal((await lstat(elsewhere)).uid, process.getuid?.())
})
