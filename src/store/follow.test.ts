import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import type { Change } from './store.ts'
import { follow } from './follow.ts'

/** Rows in a store that can be told to fail. */
async function openRig() {
  const clock = createFakeClock()
  const said: unknown[] = []
  const reads: string[] = []
  let tell: (changes: readonly Change[]) => void = () => undefined
  const rig = { isBroken: false, clock, said, reads }
  await follow({
    feed: {
      onChanges(listener) {
        tell = listener
        return { [Symbol.dispose]: () => undefined }
      },
    },
    kind: 'publish-credential',
    log: { ...silentLogger, error: (_message, fields) => void said.push(fields?.['id']) },
    clock,
    load: () => Promise.resolve(),
    foretell: () => undefined,
    refresh(id) {
      reads.push(id)
      return rig.isBroken ? Promise.reject(new Error('the disk is gone')) : Promise.resolve()
    },
  })
  return {
    ...rig,
    setBroken: (isBroken: boolean) => void (rig.isBroken = isBroken),
    async write(...ids: readonly string[]) {
      tell(
        ids.map(
          (id) => ({ kind: 'publish-credential', id, change: 'added', revision: 1 }) as const,
        ),
      )
      await nextTurn()
    },
    async pass(durationMs: number) {
      clock.advance(durationMs)
      await nextTurn()
    },
  }
}

test('a row that could not be read is read again until it is here, and told once', async () => {
  const { write, pass, reads, said, setBroken, clock } = await openRig()
  setBroken(true)
  await write('a', 'b')
  await pass(1_000)
  await pass(2_000)
  assert.deepEqual(reads, ['a', 'b', 'a', 'b', 'a', 'b'])
  assert.deepEqual(said, ['a', 'b'])
  setBroken(false)
  await pass(3_999)
  assert.equal(reads.length, 6)
  await pass(1)
  assert.deepEqual(reads.slice(6), ['a', 'b'])
  assert.equal(clock.pending, 0)
})

test('rows that cannot be read are tried once a minute in the end, and soon again after they could be', async () => {
  const { write, pass, reads, setBroken } = await openRig()
  setBroken(true)
  await write('a')
  for (let waited = 0; waited < 10; waited += 1) await pass(60_000)
  const before = reads.length
  await pass(59_999)
  assert.equal(reads.length, before)
  setBroken(false)
  await pass(1)
  setBroken(true)
  await write('b')
  await pass(1_000)
  assert.deepEqual(reads.slice(before), ['a', 'b', 'b'])
})

test('a row that is written again meanwhile is not waited for', async () => {
  const { write, reads, setBroken, pass } = await openRig()
  setBroken(true)
  await write('a')
  setBroken(false)
  await write('a')
  await pass(60_000)
  assert.deepEqual(reads, ['a', 'a'])
})
