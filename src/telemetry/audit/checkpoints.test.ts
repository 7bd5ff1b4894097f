import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { appendFile, mkdtemp, readFile, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { silentLogger } from '../../log.ts'
import { openAuditFiles } from './audit-files.ts'
import { lineHash } from './chain.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { createCheckpoints } from './checkpoints.ts'
import type { NoteSigner } from './note-signer.ts'
import { listCheckpointFiles, splitNotes } from './note-files.ts'
import { auditBounds } from './retention.ts'
import { formatVerifierKey, judgeNote, parseNote, signNote, verifierKeyOf } from './signed-note.ts'

test('a checkpoint says signed how far each series has come', async (t) => {
  const { directory, files, checkpoints, key } = await openCheckpoints(t)
  await files.append('people', [entry('a'), entry('b')])
  const note = parseNote((await checkpoints.sign()) ?? '')
  assert.ok(note !== undefined)
  assert.equal(judgeNote(note, [verifierKeyOf(key)]), 'good')
  const said = parseCheckpoint(note.text)
  const lines = (await readFile(join(directory, 'people-2026-01-01-0001.jsonl'), 'utf8')).split(
    '\n',
  )
  assert.deepEqual(said, {
    origin: 'gateway.example.com/audit',
    time: '2026-01-01T00:00:00.000Z',
    heads: new Map([
      ['people', { seq: 3, hash: lineHash(lines[2] ?? '') }],
      ['decisions', { seq: 0, hash: '0'.repeat(64) }],
      ['strangers', { seq: 0, hash: '0'.repeat(64) }],
    ]),
  })
  assert.equal(
    await readFile(join(directory, 'keys.txt'), 'utf8'),
    `${formatVerifierKey(verifierKeyOf(key))}\n`,
  )
})

test('checkpoints come five minutes after an entry, after ten thousand, and at the end', async (t) => {
  const { directory, files, checkpoints, clock } = await openCheckpoints(t)
  const count = async (): Promise<number> => {
    // Whatever was begun is waited for in its turn.
    await checkpoints.sign()
    return notesOf(directory)
  }
  assert.equal(await count(), 0)
  await files.append('people', [entry('a')])
  clock.advance(299_999)
  assert.equal(await notesOf(directory), 0)
  clock.advance(1)
  assert.equal(await count(), 1)
  await files.append(
    'strangers',
    Array.from({ length: 10_000 }, () => entry('b')),
  )
  assert.equal(await count(), 2)
  assert.equal(await count(), 2)
  await files.append('people', [entry('c')])
  await checkpoints.close()
  assert.equal(await notesOf(directory), 3)
  await files.close()
  assert.equal(clock.pending, 0)
})

test('a process that was killed leaves entries which the next one signs, and a half note spoils none', async (t) => {
  const { directory, files, checkpoints, reopen } = await openCheckpoints(t)
  await files.append('people', [entry('a')])
  await checkpoints.sign()
  await files.append('people', [entry('b')])
  await appendFile(
    join(directory, 'checkpoints-2026-01-01.txt'),
    'postern audit checkpoint v1\ngatew',
  )
  const next = reopen()
  const note = await next.checkpoints.sign()
  assert.match(note ?? '', /^people 3 /m)
  assert.equal(await notesOf(directory), 2)
  // Without anything new it is the same.
  assert.equal(await reopen().checkpoints.sign(), note)
})

test('numbers that were signed are not given again where the file has lost its end', async (t) => {
  const { directory, files, checkpoints, reopen } = await openCheckpoints(t)
  await files.append('people', [entry('a')])
  const path = join(directory, 'people-2026-01-01-0001.jsonl')
  const { length } = await readFile(path)
  await files.append('people', [entry('b')])
  await checkpoints.sign()
  await files.close()
  await truncate(path, length)
  await reopen().files.append('people', [entry('c')])
  const last = (await readFile(path, 'utf8')).trimEnd().split('\n').at(-1) ?? ''
  assert.match(last, /"seq":4,.*"event":"c"/)
})

test('a checkpoint that another key has signed sends no numbers ahead, and counts for none', async (t) => {
  const log = await openCheckpoints(t)
  await log.files.append('people', [entry('a')])
  const own = (await log.checkpoints.sign()) ?? ''
  await log.files.append('people', [entry('b')])
  await log.files.close()
  const path = join(log.directory, 'people-2026-01-01-0001.jsonl')
  const hash = lineHash((await readFile(path, 'utf8')).trimEnd().split('\n').at(-1) ?? '')
  const forge = async (seq: number): Promise<void> => {
    const text = (parseNote(own)?.text ?? '').replace(/^people .*$/m, `people ${seq} ${hash}`)
    const key = { name: log.key.name, ...generateKeyPairSync('ed25519') }
    await appendFile(
      join(log.directory, 'checkpoints-2026-01-01.txt'),
      `${signNote(text, [key])}\n`,
    )
  }
  await forge(3)
  // Of record 3 nothing is signed, whatever that one says.
  assert.match((await log.reopen().checkpoints.sign()) ?? '', /^people 3 /m)
  assert.equal(await notesOf(log.directory), 3)
  await forge(999_999_999_999_999)
  await log.reopen().files.append('people', [entry('c')])
  const last = (await readFile(path, 'utf8')).trimEnd().split('\n').at(-1) ?? ''
  assert.match(last, /"seq":4,.*"event":"c"/)
})

test('old checkpoints go with their days', async (t) => {
  const { directory, files, checkpoints, clock } = await openCheckpoints(t)
  for (let day = 0; day < 95; day += 1) {
    await files.append('people', [entry('a')])
    await checkpoints.sign()
    clock.advance(86_400_000)
  }
  const names = (await readdir(directory)).filter((name) => name.startsWith('checkpoints-')).sort()
  assert.deepEqual([names.length, names[0]], [91, 'checkpoints-2026-01-05.txt'])
})

test('a signer that fails is told once, and what it missed is signed later', async (t) => {
  const said: string[] = []
  const logger = {
    ...silentLogger,
    error: (it: string) => void said.push(it),
    warn: (it: string) => void said.push(it),
  }
  const { files, checkpoints, clock, signer, by } = await openCheckpoints(t, logger)
  by.signer = { ...signer, sign: () => Promise.reject(new Error('store closed')) }
  await files.append('people', [entry('a')])
  for (let times = 0; times < 3; times += 1) {
    clock.advance(300_000)
    assert.equal(await checkpoints.sign(), undefined)
  }
  assert.deepEqual(said, ['no audit checkpoint is written'])
  by.signer = signer
  assert.match((await checkpoints.sign()) ?? '', /^people 2 /m)
  assert.deepEqual(said.slice(1), ['audit checkpoints are written again'])
})

test('records are kept also while nobody can read the keys', async (t) => {
  const { files, signer, by } = await openCheckpoints(t)
  by.signer = { ...signer, verifierKeys: () => Promise.reject(new Error('store closed')) }
  assert.equal(await files.append('people', [entry('a')]), 'kept')
})

test('where nothing was kept nothing is to be signed, also when the keys are gone already', async (t) => {
  const said: string[] = []
  const logger = { ...silentLogger, error: (it: string) => void said.push(it) }
  const { checkpoints, signer, by } = await openCheckpoints(t, logger)
  const closed = () => Promise.reject(new Error('store closed'))
  by.signer = { ...signer, sign: closed, verifierKeys: closed }
  assert.equal(await checkpoints.sign(), undefined)
  await checkpoints.close()
  assert.deepEqual(said, [])
})

async function openCheckpoints(t: TestContext, logger = silentLogger) {
  const parent = await mkdtemp(join(tmpdir(), 'postern-checkpoints-'))
  const directory = join(parent, 'audit')
  const clock = createFakeClock()
  const key = { name: 'gateway.example.com/audit', ...generateKeyPairSync('ed25519') }
  const verifierKeys = [formatVerifierKey(verifierKeyOf(key))]
  const signer: NoteSigner = {
    origin: key.name,
    sign: (text) => Promise.resolve({ note: signNote(text, [key]), verifierKeys }),
    verifierKeys: () => Promise.resolve(verifierKeys),
  }
  const by = { signer }
  t.after(() => rm(parent, { recursive: true }))
  const reopen = () => {
    const files = openAuditFiles(directory, clock, auditBounds, () => by.signer)
    const checkpoints = createCheckpoints({
      directory,
      files,
      signer: () => by.signer,
      clock,
      logger,
    })
    files.onKept(({ lines }) => checkpoints.wrote(lines.length))
    checkpoints.begin()
    t.after(() => files.close())
    return { files, checkpoints }
  }
  return { directory, clock, key, signer, by, reopen, ...reopen() }
}

async function notesOf(directory: string): Promise<number> {
  const files = await listCheckpointFiles(directory)
  const texts = await Promise.all(files.map(({ path }) => readFile(path, 'utf8')))
  return texts.reduce((sum, text) => sum + splitNotes(text).notes.length, 0)
}

function entry(event: string): string {
  return JSON.stringify({ time: '2026-01-01T00:00:00.000Z', kind: 'admin', event })
}
