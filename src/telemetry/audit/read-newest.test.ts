import assert from 'node:assert/strict'
import { mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runProgramSync } from '../../program.fixture.ts'
import { readNewestDecisions } from './read-newest.ts'

type Lines = readonly string[]

async function openDirectory(t: TestContext, files: Readonly<Record<string, string | Lines>>) {
  const directory = await mkdtemp(join(tmpdir(), 'read-newest-'))
  t.after(() => rm(directory, { recursive: true }))
  for (const [name, lines] of Object.entries(files)) {
    const text = typeof lines === 'string' ? lines : lines.map((line) => `${line}\n`).join('')
    await writeFile(join(directory, `${name}.jsonl`), text)
  }
  const read = async (sinceMs = 0): Promise<unknown[]> => {
    const all: unknown[] = []
    for await (const { n } of readNewestDecisions(directory, sinceMs)) all.push(n)
    return all
  }
  return { directory, read }
}

function entry(n: number, more: object = {}): string {
  const time = new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString()
  return JSON.stringify({ time, kind: 'decision', event: 'authorize check', n, ...more })
}

test('decisions are read over all their files, the last first, and back to a moment', async (t) => {
  const { read } = await openDirectory(t, {
    'decisions-2026-01-01-0001': [entry(1), entry(2)],
    'decisions-2026-01-01-0002': [entry(3)],
    'decisions-2026-01-02-0001': [entry(86_400), entry(86_401)],
    'strangers-2026-01-02-0001': [entry(86_402)],
    'people-2026-01-02-0001': [entry(86_403)],
  })
  assert.deepEqual(await read(), [86_401, 86_400, 3, 2, 1])
  assert.deepEqual(await read(Date.UTC(2026, 0, 1) + 2_000), [86_401, 86_400, 3, 2])
})

test('a file that is gone by then holds up nothing, and one that cannot be read is told', async (t) => {
  const { directory, read } = await openDirectory(t, {
    'decisions-2026-01-01-0001': [entry(1)],
    'decisions-2026-01-01-0002': [entry(2)],
    'decisions-2026-01-02-0001': [entry(86_400)],
  })
  const seen: unknown[] = []
  for await (const { n } of readNewestDecisions(directory, 0)) {
    if (seen.length === 0) await rm(join(directory, 'decisions-2026-01-01-0002.jsonl'))
    seen.push(n)
  }
  assert.deepEqual(seen, [86_400, 1])
  await symlink(
    'decisions-2026-01-01-0003.jsonl',
    join(directory, 'decisions-2026-01-01-0003.jsonl'),
  )
  await assert.rejects(read(), { code: 'ELOOP' })
  // Those of days before are not opened at all.
  assert.deepEqual(await read(Date.UTC(2026, 0, 2)), [86_400])
})

test('lines that end in no newline, are empty or no entries hold up nothing', async (t) => {
  const { read } = await openDirectory(t, {
    'decisions-2026-01-01-0001': `${entry(1)}\n\nnot json\n${entry(2)}\n${entry(3).slice(0, 20)}`,
    'decisions-2026-01-02-0001': '',
  })
  assert.deepEqual(await read(), [2, 1])
})

test('lines of any length are whole, wherever the file is cut to be read', async (t) => {
  // Some fill more than one piece of 128 KiB, and each byte of their letters may stand at an edge.
  const lengths = [0, 1, 40_000, 131_072, 131_000, 300_000, 7, 65_536, 131_073, 2]
  const lines = lengths.map((length, n) => entry(n, { text: 'ü'.repeat(length) }))
  const { read } = await openDirectory(t, { 'decisions-2026-01-01-0001': lines })
  assert.deepEqual(await read(), lengths.map((_, n) => n).toReversed())
})

test('one that is longer than any entry is left out, and those before it are read', async (t) => {
  const long = entry(2, { text: 'x'.repeat(5 * 1024 * 1024) })
  const { read } = await openDirectory(t, {
    'decisions-2026-01-01-0001': [entry(1), long, entry(3)],
  })
  assert.deepEqual(await read(), [3, 1])
})

test('a pipe in the place of a file is named, and nobody waits for it', async (t) => {
  if (process.platform === 'win32') return t.skip('it has no such pipes')
  const { directory, read } = await openDirectory(t, {})
  const name = 'decisions-2026-01-01-0001.jsonl'
  runProgramSync('mkfifo', [join(directory, name)])
  // With a writer whoever opens it does not wait for ever, should it be opened.
  const both = await open(join(directory, name), 'r+')
  t.after(() => both.close())
  await assert.rejects(read(), /is a pipe, not a file$/)
})
