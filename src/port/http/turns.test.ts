import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTurns } from './turns.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('work in turns', () => {
  test('is done at once while it is little, a part in each turn when it is much, in its order', async () => {
    const inTurn = createTurns()
    const done: number[] = []
    for (let piece = 0; piece < 40; piece += 1) inTurn(() => done.push(piece))
    const perTurn = [done.length]
    while (done.length < 40) {
      await nextTurn()
      perTurn.push(done.length)
    }
    assert.deepEqual(perTurn, [16, 16, 32, 40])
    assert.deepEqual(
      done,
      Array.from({ length: 40 }, (_, piece) => piece),
    )
  })

  test('is not done when it was taken back before its turn, by other work too', async () => {
    const inTurn = createTurns()
    const done: number[] = []
    const takeBack: (() => void)[] = []
    for (let piece = 0; piece < 21; piece += 1) {
      const back = inTurn(() => {
        done.push(piece)
        if (piece === 17) takeBack[19]?.()
      })
      takeBack.push(back)
    }
    takeBack[16]?.()
    await nextTurn()
    await nextTurn()
    assert.deepEqual(done.slice(16), [17, 18, 20])
  })
})
