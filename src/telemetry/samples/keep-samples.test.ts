import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { createLog } from '../log.ts'
import { keepSamples } from './keep-samples.ts'
import type { SampleBatch } from './sample-batch.ts'
import { createSampleCounts } from './sample-counts.ts'

const minuteMs = 60_000

function keeping() {
  const clock = createFakeClock(Date.UTC(2026, 7, 20, 3, 10, 20))
  const counts = createSampleCounts()
  const lines: string[] = []
  const sink = {
    write: (line: string) => void lines.push((JSON.parse(line) as { message: string }).message),
  }
  const kept: SampleBatch[] = []
  const fault: { error?: Error } = {}
  const told = { waiting: [] as (() => void)[] }
  const samples = keepSamples({
    counts,
    clock,
    logger: createLog({ level: 'info', sink, clock }).service('gateway'),
    countNow: () => Promise.resolve({ sessions: 1, connectors: 1 }),
    keeper: {
      add(batch) {
        for (const tell of told.waiting.splice(0)) tell()
        if (fault.error !== undefined) return Promise.reject(fault.error)
        kept.push(batch)
        return Promise.resolve()
      },
    },
  })
  return {
    clock,
    counts,
    lines,
    kept,
    samples,
    fail: (error?: Error) => Object.assign(fault, { error }),
    /** Moves on by a minute, and waits until something was tried to be kept. */
    async minute() {
      const asked = new Promise<void>((resolve) => told.waiting.push(resolve))
      clock.advance(minuteMs)
      await asked
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('a batch is kept at the end of each minute of the clock, and the last at the end', async () => {
  const { clock, counts, kept, samples, minute } = keeping()
  counts.decided('allow', 'db')
  await minute()
  counts.decided('deny', 'db')
  await minute()
  counts.decided('deny', 'db')
  await Promise.all([samples.close(), samples.close()])
  const said = kept.map(({ atMs, gateway }) => [
    new Date(Math.floor(atMs / minuteMs) * minuteMs).toISOString().slice(11, 16),
    gateway.allowed,
    gateway.denied,
  ])
  assert.deepEqual(said, [
    ['03:10', 1, 0],
    ['03:11', 0, 1],
    ['03:12', 0, 1],
  ])
  assert.equal(clock.pending, 0)
})

test('what could not be kept is kept with the next, each in its own minute, and told once', async () => {
  const { counts, kept, lines, samples, fail, minute } = keeping()
  fail(new Error('the disk is full'))
  for (const _ of [1, 2, 3]) {
    counts.decided('allow', 'db')
    await minute()
  }
  assert.deepEqual(lines, ['figures for the console cannot be kept'])
  fail()
  await minute()
  assert.deepEqual(
    kept.map(({ gateway }) => gateway.allowed),
    [1, 1, 1, 0],
  )
  assert.equal(lines.at(-1), 'figures for the console are kept again')
  await samples.close()
})

test('an hour of minutes waits for a database that does not answer, and no more', async () => {
  const { counts, kept, samples, fail, minute } = keeping()
  fail(new Error('it is busy'))
  for (let index = 0; index < 65; index += 1) {
    counts.decided('allow', 'db')
    await minute()
  }
  fail()
  await samples.close()
  assert.equal(kept.length, 60)
})
