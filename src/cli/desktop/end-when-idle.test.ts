import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endWhenIdle } from './end-when-idle.ts'

test('a daemon with nothing to do ends a minute after it was asked for something', () => {
  const due: (() => void)[] = []
  let nowMs = 0
  let [isIdle, isEnded] = [false, false]
  using watch = endWhenIdle({
    clock: {
      now: () => nowMs,
      schedule(delayMs, callback) {
        due.push(() => {
          nowMs += delayMs
          callback()
        })
        return { [Symbol.dispose]: () => undefined }
      },
    },
    isIdle: () => isIdle,
    end: () => (isEnded = true),
  })
  const looks = (count: number): void => {
    for (let look = 0; look < count; look += 1) due.shift()?.()
  }
  looks(5)
  assert.equal(isEnded, false, 'something is up')
  isIdle = true
  looks(1)
  // As `postern desktop` does, whose browser comes seconds later.
  watch.asked()
  const askedMs = nowMs
  looks(2)
  assert.equal(isEnded, false)
  looks(1)
  assert.equal(isEnded, true)
  assert.ok(nowMs - askedMs >= 60_000)
})

test('a daemon that is to stay is looked at no more', () => {
  let armed = 0
  const schedule = () => {
    armed += 1
    return { [Symbol.dispose]: () => void (armed -= 1) }
  }
  const watch = endWhenIdle({
    clock: { now: () => 0, schedule },
    isIdle: () => true,
    end: () => assert.fail('it ended'),
  })
  assert.equal(armed, 1)
  watch[Symbol.dispose]()
  assert.equal(armed, 0)
})
