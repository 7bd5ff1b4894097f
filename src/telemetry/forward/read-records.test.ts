import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { openAuditFiles } from '../audit/audit-files.ts'
import { auditBounds } from '../audit/retention.ts'
import { readRecords } from './read-records.ts'
import type { SeriesPlace } from './record.ts'

const dayMs = 86_400_000

function auditDirectory(t: TestContext, limits = auditBounds) {
  const directory = mkdtempSync(join(tmpdir(), 'forward-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const clock = createFakeClock(Date.UTC(2026, 7, 20, 3))
  let files = openAuditFiles(directory, clock, limits)
  t.after(() => files.close())
  return {
    directory,
    clock,
    async keep(...events: string[]) {
      const time = new Date(clock.now()).toISOString()
      const entries = events.map((event) => JSON.stringify({ time, kind: 'admin', event }))
      await files.append('people', entries)
    },
    async restart() {
      await files.close()
      files = openAuditFiles(directory, clock, limits)
    },
    file: (name: string) => join(directory, name),
  }
}

/** Reads on until there is nothing more. */
async function readAll(directory: string, from?: SeriesPlace) {
  let place = from
  const events: string[] = []
  const lines: string[] = []
  let dropped = 0
  for (;;) {
    const batch = await readRecords(directory, 'people', place)
    if (batch === undefined) return { events, lines, dropped, place }
    assert.notDeepEqual(batch.next, place, 'it goes on')
    place = batch.next
    dropped += batch.dropped
    for (const { entry, line } of batch.records) {
      if (entry.kind !== 'audit') events.push(entry.event)
      lines.push(line)
    }
  }
}

const firstFile = 'people-2026-08-20-0001.jsonl'

test('records are read in order, byte for byte, and once', async (t) => {
  const { directory, keep, file } = auditDirectory(t)
  assert.equal(await readRecords(directory, 'people', undefined), undefined)
  await keep('a', 'b ü')
  const first = await readAll(directory)
  assert.deepEqual(first.events, ['a', 'b ü'])
  assert.equal(
    first.lines.map((line) => `${line}\n`).join(''),
    readFileSync(file(firstFile), 'utf8'),
  )
  assert.equal(await readRecords(directory, 'people', first.place), undefined)
  await keep('c')
  const second = await readAll(directory, first.place)
  assert.deepEqual(second.events, ['c'])
  assert.equal(await readRecords(directory, 'decisions', undefined), undefined)
})

test('one file is read to its end before the next, over days', async (t) => {
  const { directory, clock, keep } = auditDirectory(t)
  await keep('a')
  const { place } = await readAll(directory)
  await keep('b')
  clock.advance(dayMs)
  await keep('c')
  assert.deepEqual((await readAll(directory, place)).events, ['b', 'c'])
})

test('a line that is being written waits until it is whole', async (t) => {
  const { directory, keep, file } = auditDirectory(t)
  await keep('a')
  const { place } = await readAll(directory)
  const line = '{"time":"2026-08-20T03:00:00.000Z","kind":"admin","event":"b"}'
  appendFileSync(file(firstFile), line.slice(0, 20))
  assert.equal(await readRecords(directory, 'people', place), undefined)
  appendFileSync(file(firstFile), `${line.slice(20)}\n`)
  assert.deepEqual((await readAll(directory, place)).events, ['b'])
})

test('what a killed process left in the middle of a line is left out', async (t) => {
  const { directory, keep, file, restart } = auditDirectory(t)
  await keep('a')
  await restart()
  appendFileSync(file(firstFile), '{"series":"people","se')
  const { place } = await readAll(directory)
  await keep('b')
  assert.deepEqual((await readAll(directory, place)).events, ['b'])
})

test('what retention removed before it was read is counted, and the rest is read', async (t) => {
  const limits = { ...auditBounds, maxFileBytes: 400, maxSeriesBytes: 1_200 }
  const { directory, keep } = auditDirectory(t, limits)
  await keep('a')
  const { place, dropped } = await readAll(directory)
  assert.equal(dropped, 0)
  for (let index = 0; index < 20; index += 1) await keep(`b${index}`)
  const rest = await readAll(directory, place)
  assert.equal(rest.events.at(-1), 'b19')
  const seqOf = (line = '') => (JSON.parse(line) as { seq: number }).seq
  assert.ok(rest.dropped > 0)
  assert.equal(rest.dropped, seqOf(rest.lines[0]) - (place?.seq ?? 0) - 1)
  // A new destination begins with what there is, and has missed nothing.
  assert.deepEqual({ ...(await readAll(directory)), place: 0 }, { ...rest, dropped: 0, place: 0 })
})

test('an audit log that was removed and begun anew is read from its beginning', async (t) => {
  const { directory, keep, file, restart } = auditDirectory(t)
  await keep('a', 'b', 'c')
  const { place } = await readAll(directory)
  await restart()
  rmSync(file(firstFile))
  await keep('d')
  const anew = await readAll(directory, place)
  assert.deepEqual([anew.events, anew.dropped], [['d'], 0])
})

test('a file that somebody has changed is read on behind what was read', async (t) => {
  const { directory, keep, file } = auditDirectory(t)
  await keep('a', 'b')
  const { place } = await readAll(directory)
  await keep('c')
  const text = readFileSync(file(firstFile), 'utf8')
  const lines = text.split('\n')
  // Another line before the place: everything has moved, and the hash still finds it.
  writeFileSync(file(firstFile), [lines[0], lines[0], ...lines.slice(1)].join('\n'))
  assert.deepEqual((await readAll(directory, place)).events, ['c'])
  // What was read last is another line now: from the beginning, rather than to leave one out.
  writeFileSync(file(firstFile), text.replace('"event":"b"', '"event":"xyz"'))
  assert.deepEqual((await readAll(directory, place)).events, ['a', 'xyz', 'c'])
  truncateSync(file(firstFile), 0)
  assert.equal(await readRecords(directory, 'people', place), undefined)
})

test('a line that is no record is passed over and counted', async (t) => {
  const { directory, keep, file } = auditDirectory(t)
  await keep('a')
  appendFileSync(file(firstFile), 'not a record\n')
  const { events, dropped } = await readAll(directory)
  assert.deepEqual([events, dropped], [['a'], 1])
})

test('records come in bounded batches', async (t) => {
  const { directory, keep } = auditDirectory(t)
  await keep(...Array.from({ length: 1_200 }, (_, index) => `e${index}`))
  const batch = await readRecords(directory, 'people', undefined)
  assert.equal(batch?.records.length, 500)
  await keep(...Array.from({ length: 5 }, () => 'x'.repeat(100_000)))
  const { lines, place } = await readAll(directory)
  assert.equal(lines.length, 1_206)
  assert.equal(await readRecords(directory, 'people', place), undefined)
})
