import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createTurns } from './turns.ts'

test('few pass at once', async () => {
  const turns = createTurns(3)
  const passed: number[] = []
  for (const index of [0, 1, 2]) turns.pass(() => passed.push(index))
  assert.deepEqual(passed, [0, 1, 2])
  await nextTurn()
  turns.pass(() => passed.push(3))
  assert.deepEqual(passed, [0, 1, 2, 3])
})

test('of many each turn lets some through, in their order, and whoever comes later waits behind them', async () => {
  const turns = createTurns(3)
  const passed: number[] = []
  for (let index = 0; index < 8; index++) turns.pass(() => passed.push(index))
  assert.deepEqual(passed, [0, 1, 2])
  await nextTurn()
  assert.deepEqual(passed, [0, 1, 2, 3, 4, 5])
  turns.pass(() => passed.push(8))
  assert.deepEqual(passed, [0, 1, 2, 3, 4, 5])
  await turns.passed()
  assert.deepEqual(passed, [0, 1, 2, 3, 4, 5, 6, 7, 8])
  await nextTurn()
  await nextTurn()
  for (const index of [9, 10, 11]) turns.pass(() => passed.push(index))
  assert.equal(passed.length, 12)
})

test('what brings others is no endless turn', async () => {
  const turns = createTurns(2)
  let passed = 0
  const again = (): void => {
    passed += 1
    if (passed < 100) turns.pass(again)
  }
  turns.pass(again)
  assert.equal(passed, 2)
  for (let turn = 0; turn < 50; turn++) await nextTurn()
  assert.equal(passed, 100)
})

test('while something urgent goes on one passes in each turn, and afterwards as many as before', async () => {
  const turns = createTurns(3)
  const urgent = Promise.withResolvers<string>()
  const over = turns.behind(urgent.promise)
  const passed: number[] = []
  for (let index = 0; index < 9; index++) turns.pass(() => passed.push(index))
  assert.deepEqual(passed, [0])
  await nextTurn()
  assert.deepEqual(passed, [0, 1])
  urgent.resolve('decided')
  assert.equal(await over, 'decided')
  await nextTurn()
  assert.deepEqual(passed, [0, 1, 2, 3, 4])
  await turns.passed()
  assert.equal(passed.length, 9)
})

test('what is urgent and fails holds up nobody', async () => {
  const turns = createTurns(2)
  await assert.rejects(turns.behind(Promise.reject(new Error('the store is closed'))), /closed/)
  await nextTurn()
  let passed = 0
  for (let index = 0; index < 2; index++) turns.pass(() => (passed += 1))
  assert.equal(passed, 2)
})
