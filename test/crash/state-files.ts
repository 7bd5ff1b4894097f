import assert from 'node:assert/strict'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectDatabase } from '../../src/store/snapshot.ts'
import { verifyAudit } from '../../src/telemetry/audit/verify/verify-audit.ts'

/** Every file that the state directory of a running gateway may have, below `audit/` as well. */
const known: readonly RegExp[] = [
  /^postern\.db(?:-wal|-shm)?$/,
  /^gateway\.lock(?:-journal)?$/,
  /^control\.sock$/,
  /^(?:shared|cookie)_secret$/,
  /^audit\/(?:people|decisions|strangers)-\d{4}-\d{2}-\d{2}-\d{4}\.jsonl$/,
  /^audit\/checkpoints-\d{4}-\d{2}-\d{2}\.txt$/,
  /^audit\/(?:keys|dropped)\.txt$/,
]

/** Holds the files of a running gateway to what is promised: none is half written, and none is for others to read. */
export async function checkStateFiles(directory: string): Promise<void> {
  const names = await readdir(directory, { recursive: true })
  const strange: string[] = []
  const open: string[] = []
  for (const name of names) {
    const found = await lstat(join(directory, name))
    if (!found.isDirectory() && !known.some((it) => it.test(name))) strange.push(name)
    if ((found.mode & 0o077) !== 0) open.push(`${name} ${(found.mode & 0o777).toString(8)}`)
  }
  assert.deepEqual(strange, [], 'files that nobody has finished')
  // In a directory of 0700, whoever may read what stands in it.
  assert.deepEqual(
    open.filter((name) => !name.startsWith('gateway.lock')),
    [],
    'files for others',
  )
  assert.equal((await lstat(directory)).mode & 0o777, 0o700)
  for (const name of ['shared_secret', 'cookie_secret']) {
    const text = await readFile(join(directory, name), 'utf8')
    assert.match(text, /^[A-Za-z\d+/]{43}=\n$/, `"${name}" is half written`)
  }
  const { damage } = inspectDatabase(join(directory, 'postern.db'))
  assert.deepEqual(damage, [], 'SQLite finds nothing wrong')
}

/** Holds the audit log to its chain, and to the checkpoints that somebody has taken away. */
export async function checkChain(directory: string, checkpoints: readonly string[]): Promise<void> {
  const { faults } = await verifyAudit({ paths: [join(directory, 'audit')], checkpoints })
  assert.deepEqual(faults, [], 'the audit log is whole')
}
