import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Denial } from '../../access/denial.ts'
import { createFakeClock } from '../../fake-clock.ts'
import { silentLogger } from '../../log.ts'
import type { RefusalRecord } from '../../store/request-store.ts'
import { denialOf, startMs } from './denial.fixture.ts'
import { createDenials, findDenial } from './denials.ts'

function createRig(holdWrites?: Promise<void>) {
  const clock = createFakeClock(startMs)
  const written: RefusalRecord[] = []
  const batches: number[] = []
  const denials = createDenials({
    store: {
      add(records) {
        batches.push(records.length)
        written.push(...records)
        return holdWrites ?? Promise.resolve()
      },
      get: (id) => Promise.resolve(written.find((row) => row.id === id)),
    },
    clock,
    logger: silentLogger,
    origin: new URL('https://gate.example.com'),
  })
  let made = 0
  const keep = (change: Partial<Denial> = {}, routeRevision = 1): string | undefined => {
    const denial = denialOf(change)
    const page = denials.keep({ ...denial, routeRevision }, () => {
      made += 1
      return denial
    })
    return page?.pathname
  }
  return { clock, denials, keep, written, batches, made: () => made }
}

test('a refusal has a page at once, and in the store soon', async () => {
  const { clock, denials, keep, written } = createRig()
  assert.equal(keep(), '/.postern/refused/a-1')
  assert.equal(denials.remembered('a-1')?.userId, 'u-alice')
  assert.deepEqual(written, [])
  clock.advance(1_000)
  await new Promise(setImmediate)
  assert.deepEqual(await denials.stored('a-1'), denialOf())
  assert.equal(await denials.stored('a-2'), undefined)
})

test('somebody who is refused a thousand times a second makes one page a minute', async () => {
  const { clock, denials, keep, written, made } = createRig()
  for (let index = 0; index < 60_000; index += 1) {
    assert.equal(keep({ id: `a-${index}` }), '/.postern/refused/a-0')
    if (index % 1_000 === 999) clock.advance(999)
  }
  await denials.close()
  assert.equal(made(), 1)
  assert.equal(written.length, 1)
  // The client of each prints its own number, which is found as long as it is among the last.
  assert.equal(denials.remembered('a-59999')?.id, 'a-0')
  assert.equal(denials.remembered('a-1'), undefined)
  clock.advance(60_000)
  assert.equal(keep({ id: 'later' }), '/.postern/refused/later')
  assert.equal(keep({ id: 'other', routeId: 'web' }), '/.postern/refused/other')
  assert.equal(keep({ id: 'bob', userId: 'u-bob' }), '/.postern/refused/bob')
})

test('a refusal for another reason, from elsewhere or by a changed policy has a page of its own', () => {
  const { keep, made } = createRig()
  keep()
  assert.equal(keep({ id: 'a-2', message: 'no, since it is late' }), '/.postern/refused/a-2')
  assert.equal(keep({ id: 'a-3', ip: '198.51.100.7' }), '/.postern/refused/a-3')
  assert.equal(keep({ id: 'a-4' }, 2), '/.postern/refused/a-4')
  assert.equal(keep({ id: 'a-5' }, 2), '/.postern/refused/a-4')
  assert.equal(made(), 4)
})

test('many people who are refused at once write no more than some of them in a step', async () => {
  const { clock, denials, keep, batches } = createRig()
  for (let index = 0; index < 5_000; index += 1) keep({ id: `a-${index}`, userId: `u-${index}` })
  clock.advance(1_000)
  await denials.close()
  assert.deepEqual(batches, [500])
})

test('a database that answers nothing is given one batch, and the next when it has', async () => {
  const answer = Promise.withResolvers<void>()
  const { clock, denials, keep, batches } = createRig(answer.promise)
  for (let second = 0; second < 100; second += 1) {
    for (let index = 0; index < 500; index += 1)
      keep({ id: `a-${second}-${index}`, userId: `u-${second}-${index}` })
    clock.advance(1_000)
    await new Promise(setImmediate)
  }
  assert.deepEqual(batches, [500])
  answer.resolve()
  await denials.close()
  assert.deepEqual(batches, [500, 500])
})

test('one person who comes from ever other addresses takes no room from others', async () => {
  const { clock, denials, keep, written } = createRig()
  assert.equal(keep({ id: 'bob', userId: 'u-bob' }), '/.postern/refused/bob')
  for (let index = 0; index < 10_000; index += 1)
    keep({ id: `a-${index}`, ip: `2001:db8::${index}` })
  assert.equal(keep({ id: 'last', ip: '2001:db8:1::' }), undefined)
  assert.equal(keep({ id: 'same', ip: '2001:db8::1' }), '/.postern/refused/a-1')
  assert.equal(denials.remembered('bob')?.userId, 'u-bob')
  clock.advance(60_000)
  assert.equal(keep({ id: 'later', ip: '2001:db8:1::' }), '/.postern/refused/later')
  await denials.close()
  assert.equal(written.length, 62)
})

test('a trace that is too long is left out, and what failed is no fault of whoever is refused', async () => {
  const { denials, keep, written } = createRig()
  const operators = [{ needs: 'one' as const, criteria: [] }]
  const rule = { side: 'allow' as const, number: 1, operators }
  const rules = Array.from({ length: 1_000 }, () => rule)
  keep({ trace: { outcome: 'deny', rules, hasMore: false } })
  await denials.close()
  assert.ok((written[0]?.body.length ?? 0) < 16_384)
  assert.equal((await denials.stored('a-1'))?.trace.hasMore, true)
})

test('whoever may not see one takes the steps of an id that nobody has', async () => {
  const steps: string[] = []
  const denials = {
    remembered: (id: string) => (id === 'a-1' ? denialOf() : undefined),
    stored(id: string) {
      steps.push(id)
      return Promise.resolve(id === 'a-1' ? denialOf() : undefined)
    },
  }
  assert.equal(await findDenial(denials, 'a-1', () => false), undefined)
  assert.equal(await findDenial(denials, 'none', () => true), undefined)
  assert.deepEqual(steps, ['a-1', 'none'])
  assert.equal((await findDenial(denials, 'a-1', () => true))?.id, 'a-1')
})
