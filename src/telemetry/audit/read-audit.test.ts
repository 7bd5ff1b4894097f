import assert from 'node:assert/strict'
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readAudit } from './read-audit.ts'

const isLinux = process.platform === 'linux'

test('whoever stops reading leaves no file open', { skip: !isLinux }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'read-audit-'))
  t.after(() => rm(directory, { recursive: true }))
  // More than is read ahead.
  const lines = Array.from({ length: 20_000 }, (_, n) => entry(n)).join('')
  for (const series of ['people', 'decisions', 'strangers'])
    await writeFile(join(directory, `${series}-2026-01-01-0001.jsonl`), lines)
  for await (const { n } of readAudit(directory, 0)) if (n === 2) break
  assert.deepEqual(await openIn(directory), [])
})

function entry(n: number): string {
  const time = new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString()
  return `${JSON.stringify({ time, kind: 'admin', event: 'reload', n })}\n`
}

/** Files that this process has open now; Linux tells. */
async function openIn(directory: string): Promise<readonly string[]> {
  const paths = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return paths.filter((path) => path.startsWith(directory))
}
