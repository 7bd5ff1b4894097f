import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  readlink,
  rm,
  truncate,
  writeFile,
  type FileHandle,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createFakeClock, type FakeClock } from '../../fake-clock.ts'
import { openAuditFiles, type AuditFiles } from './audit-files.ts'
import { chainEntry } from './chain.ts'
import { auditBounds } from './retention.ts'
import { openSeries } from './series-writer.ts'

const firstFile = 'people-2026-01-01-0001.jsonl'

test('each line has its number and the hash of the line before, over files and restarts', async (t) => {
  const { lines, reopen, clock } = await openFiles(t, { maxFileBytes: 300 })
  let files = reopen()
  for (const event of ['a', 'b', 'c']) await files.append('people', [entry(event)])
  await files.close()
  clock.advance(86_400_000)
  files = reopen()
  await files.append('people', [entry('d'), entry('e')])
  await files.append('decisions', [entry('of its own')])
  const people = await lines('people')
  assertChained(people)
  const file = /"file":"people-2026-01-0\d-000\d.jsonl"/
  assert.deepEqual(
    people.map((line) =>
      file.test(line) ? 'file' : (JSON.parse(line) as { event: string }).event,
    ),
    ['file', 'a', 'file', 'b', 'file', 'c', 'file', 'd', 'e'],
  )
  assertChained(await lines('decisions'))
})

test('what a kill left of a line is removed at the next start, and that is told', async (t) => {
  const { lines, reopen, directory } = await openFiles(t)
  const files = reopen()
  await files.append('people', [entry('a')])
  await files.close()
  await appendFile(join(directory, firstFile), '{"series":"people","seq":3,"pr')
  await reopen().append('people', [entry('b')])
  const people = await lines('people')
  assertChained(people)
  assert.match(people[2] ?? '', /"kind":"audit","event":"incomplete line removed","bytes":30\}$/)
  assert.equal(people.length, 4)
})

test('the chain begins behind the lines of a release that had none, and says so', async (t) => {
  const { lines, reopen, directory } = await openFiles(t)
  await mkdir(directory)
  await writeFile(join(directory, firstFile), '{"time":"2026-01-01","kind":"admin"}\n'.repeat(3))
  const files = reopen()
  await files.append('people', [entry('a')])
  await files.close()
  await reopen().append('people', [entry('b')])
  const people = await lines('people')
  assertChained(people.slice(3))
  assert.match(people[3] ?? '', /"event":"chain begun behind lines without one","lines":3\}$/)
  assert.equal(people.length, 6)
})

test('lines that somebody added are told, and the chain goes on without them', async (t) => {
  const { lines, reopen, directory } = await openFiles(t)
  const files = reopen()
  await files.append('people', [entry('a')])
  await appendFile(join(directory, firstFile), '{"time":"2026"}\n{"time":"2026"}\n')
  assert.equal(await files.append('people', [entry('b')]), 'changed')
  await files.close()
  await appendFile(join(directory, firstFile), '{"time":"2026"}\n')
  await reopen().append('people', [entry('c')])
  const people = await lines('people')
  assertChained(people.filter((line) => line.includes('"seq"')))
  assert.match(people.at(-2) ?? '', /"event":"lines found that are not chained","lines":1\}$/)
})

test('no number is given twice, also where the last lines were removed meanwhile', async (t) => {
  const { lines, reopen, directory } = await openFiles(t)
  const files = reopen()
  await files.append('people', [entry('a')])
  const path = join(directory, firstFile)
  const { length } = await readFile(path)
  await files.append('people', [entry('b'), entry('c')])
  await truncate(path, length)
  assert.equal(await files.append('people', [entry('d')]), 'changed')
  assert.equal(await files.append('people', [entry('e')]), 'kept')
  const seqs = (await lines('people')).map((line) => (JSON.parse(line) as { seq: number }).seq)
  assert.deepEqual(seqs, [1, 2, 5, 6])
})

test('what somebody else puts behind the last line is not taken into the chain', async (t) => {
  const { lines, reopen, clock, directory } = await openFiles(t)
  const files = reopen()
  await files.append('people', [entry('a')])
  const path = join(directory, firstFile)
  const forge = async (): Promise<void> => {
    const last = (await readFile(path, 'utf8')).trimEnd().split('\n').at(-1) ?? ''
    const { seq } = JSON.parse(last) as { seq: number }
    const head = { seq, hash: createHash('sha256').update(last).digest('hex') }
    await appendFile(path, `${chainEntry('people', head, entry('forged')).line}\n`)
  }
  await forge()
  assert.equal(await files.append('people', [entry('b')]), 'changed')
  await forge()
  await files.append('people', [entry('c')])
  await forge()
  clock.advance(86_400_000)
  await files.append('people', [entry('d')])
  await forge()
  assert.equal((await files.heads()).get('people')?.seq, 6)
  const own = (await lines('people')).filter((line) => !line.includes('forged'))
  assertChained(own)
  assert.equal(own.length, 6)
})

test('what was written before a disk was full is not written over by the next numbers', async (t) => {
  const { lines, reopen, directory } = await openFiles(t)
  const files = reopen()
  await files.append('people', [entry('a')])
  const handle = await open(join(directory, firstFile))
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const write = t.mock.method(prototype, 'write', async function (this: FileHandle, bytes: Buffer) {
    write.mock.restore()
    await this.write(bytes.subarray(0, bytes.indexOf('\n') + 10))
    throw new Error('ENOSPC: no space left on device, write')
  })
  await assert.rejects(files.append('people', [entry('b'), entry('c')]), /ENOSPC/)
  await files.append('people', [entry('d')])
  const kept = await lines('people')
  assertChained(kept)
  assert.deepEqual(
    kept.map((line) => (JSON.parse(line) as { event: string }).event),
    ['file begun', 'a', 'b', 'incomplete line removed', 'd'],
  )
})

test('no file comes before one that is there when the clock is set back', async (t) => {
  const { lines, reopen, directory } = await openFiles(t)
  const before = reopen(createFakeClock(Date.UTC(2026, 4, 2)))
  await before.append('people', [entry('a')])
  await before.close()
  await reopen(createFakeClock(Date.UTC(2026, 4, 1))).append('people', [entry('b')])
  assertChained(await lines('people'))
  assert.deepEqual(await readdir(directory), ['people-2026-05-02-0001.jsonl'])
})

test('where its last number cannot be found no file is opened, to be left open', async (t) => {
  const { directory, clock } = await openFiles(t)
  const writer = openSeries({
    directory,
    series: 'people',
    clock,
    limits: auditBounds,
    signedHead: () => Promise.reject(new Error('no checkpoint can be read')),
    drop: () => Promise.resolve(undefined),
    onKept: () => assert.fail('nothing is kept'),
  })
  await assert.rejects(writer.append([entry('a')]), /no checkpoint can be read/)
  assert.deepEqual(await readdir(directory), [])
})

test('what comes when the files are closed is kept, and leaves none of them open', async (t) => {
  const { lines, reopen, directory } = await openFiles(t)
  const files = reopen()
  await files.append('people', [entry('a')])
  const late = [files.close(), files.append('people', [entry('b')])]
  await Promise.all(late)
  assert.match((await lines('people')).at(-1) ?? '', /"event":"b"/)
  assert.deepEqual(await openIn(directory), [])
})

async function openFiles(t: TestContext, limits: { readonly maxFileBytes?: number } = {}) {
  const parent = await mkdtemp(join(tmpdir(), 'postern-chain-'))
  const directory = join(parent, 'audit')
  const clock = createFakeClock()
  const opened: AuditFiles[] = []
  t.after(async () => {
    for (const files of opened) await files.close()
    await rm(parent, { recursive: true })
  })
  return {
    directory,
    clock,
    reopen(at: FakeClock = clock): AuditFiles {
      const files = openAuditFiles(directory, at, { ...auditBounds, ...limits })
      opened.push(files)
      return files
    },
    async lines(series: string): Promise<string[]> {
      const names = (await readdir(directory)).filter((name) => name.startsWith(series)).sort()
      const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
      return texts.flatMap((text) => text.trimEnd().split('\n'))
    },
  }
}

/** The files of a directory that this process has open, where the system says so. */
async function openIn(directory: string): Promise<readonly string[]> {
  const here = await readdir('/proc/self/fd').catch(() => [])
  const paths = here.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''))
  return (await Promise.all(paths)).filter((path) => path.startsWith(directory))
}

function entry(event: string): string {
  return JSON.stringify({ time: '2026-01-01T00:00:00.000Z', kind: 'admin', event })
}

/** With another hand than the writer's. */
function assertChained(lines: readonly string[]): void {
  let prev = '0'.repeat(64)
  for (const [index, line] of lines.entries()) {
    const said = JSON.parse(line) as { seq: number; prev: string }
    assert.deepEqual([said.seq, said.prev], [index + 1, prev], line)
    prev = createHash('sha256').update(line).digest('hex')
  }
}
