import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { createExchanges, type ExchangeOwner } from './exchanges.ts'
import type { Exchange, ExchangeParts, EvictionCause } from './peer.ts'

const stallMs = 30_000

function setup(maxHeldBytes?: number) {
  const clock = createFakeClock()
  return { clock, exchanges: createExchanges({ clock, stallMs, maxHeldBytes }) }
}

interface TestOwner extends ExchangeOwner {
  /** What became of it. */
  readonly ends: string[]
}

function owner(carriesTunnel = false): TestOwner {
  const exchanges = new Set<Exchange>()
  const ends: string[] = []
  return {
    ends,
    exchanges,
    carriesTunnel: () => carriesTunnel,
    progressed: () => undefined,
    wasReset: (end) => void ends.push(`reset: ${end}`),
    close(end: EvictionCause) {
      ends.push(`closed: ${end}`)
      for (const exchange of exchanges) exchange.end()
    },
  }
}

const nothing: ExchangeParts = {
  requestBytes: () => 0,
  isPeersTurn: () => true,
  reset: () => undefined,
}

describe('what stalls', () => {
  test('ends after its time, and not before', () => {
    const { clock, exchanges } = setup()
    const somebody = owner()
    const exchange = exchanges.begin(somebody, nothing)
    clock.advance(stallMs - 1)
    assert.deepEqual(somebody.ends, [])
    clock.advance(1)
    assert.deepEqual(somebody.ends, ['closed: stalled'])
    assert.equal(exchange.endedBy, 'stalled')
    assert.equal(clock.pending, 0)
  })

  test('goes on while something moves, and ends in time after that', () => {
    const { clock, exchanges } = setup()
    const somebody = owner()
    const exchange = exchanges.begin(somebody, nothing)
    for (let moved = 0; moved < 10; moved += 1) {
      clock.advance(stallMs - 1)
      exchange.progressed()
    }
    assert.deepEqual(somebody.ends, [])
    clock.advance(stallMs)
    assert.deepEqual(somebody.ends, ['closed: stalled'])
  })

  test('is not who waits for the gateway', () => {
    const { clock, exchanges } = setup()
    const somebody = owner()
    let isAnswered = false
    exchanges.begin(somebody, { ...nothing, isPeersTurn: () => isAnswered })
    clock.advance(10 * stallMs)
    assert.deepEqual(somebody.ends, [])
    isAnswered = true
    clock.advance(stallMs)
    assert.deepEqual(somebody.ends, ['closed: stalled'])
  })

  test('is reset alone beside a tunnel', () => {
    const { clock, exchanges } = setup()
    const somebody = owner(true)
    let resets = 0
    exchanges.begin(somebody, { ...nothing, reset: () => (resets += 1) })
    clock.advance(stallMs)
    assert.deepEqual(somebody.ends, ['reset: stalled'])
    assert.equal(resets, 1)
    assert.equal(somebody.exchanges.size, 0)
  })

  test('is nobody whose exchange is over', () => {
    const { clock, exchanges } = setup()
    const somebody = owner()
    exchanges.begin(somebody, nothing).end()
    clock.advance(10 * stallMs)
    assert.deepEqual(somebody.ends, [])
    assert.equal(clock.pending, 0)
  })
})

describe('the longest life of an answer', () => {
  test('holds for those that begin under it, however fast they are', () => {
    const clock = createFakeClock()
    let maxLifeMs = 0
    const exchanges = createExchanges({ clock, stallMs, maxLifeMs: () => maxLifeMs })
    const [before, under, over] = [owner(), owner(true), owner()]
    exchanges.begin(before, { ...nothing, isPeersTurn: () => false })
    maxLifeMs = 5_000
    const moving = exchanges.begin(under, nothing)
    exchanges.begin(over, nothing).end()
    clock.advance(4_999)
    moving.progressed()
    clock.advance(1)
    assert.deepEqual([before.ends, under.ends, over.ends], [[], ['reset: timeout'], []])
  })
})

describe('what is held in all', () => {
  const perExchange = 32 * 1024

  test('ends the one without progress for the longest time, with all that is its own', () => {
    const { exchanges } = setup(4 * perExchange)
    const [first, second, third] = [owner(), owner(), owner()]
    const early = exchanges.begin(first, nothing)
    exchanges.begin(second, nothing)
    exchanges.begin(second, nothing)
    early.progressed()
    exchanges.begin(third, nothing)
    exchanges.begin(third, nothing)
    assert.deepEqual(
      [first, second, third].map(({ ends }) => ends),
      [[], ['closed: memory'], []],
    )
    // Two of them are gone: there is room for one more.
    exchanges.begin(third, nothing)
    assert.deepEqual(third.ends, [])
    assert.deepEqual(first.ends, [])
  })

  test('grows with what waits for its reader, and shrinks when it is taken', () => {
    const { exchanges } = setup(3 * perExchange)
    const [first, second] = [owner(), owner()]
    const one = exchanges.begin(first, nothing)
    const two = exchanges.begin(second, nothing)
    two.hold(perExchange)
    two.hold(0)
    one.hold(perExchange)
    assert.deepEqual([first.ends, second.ends], [[], []])
    two.hold(1)
    assert.deepEqual([first.ends, second.ends], [['closed: memory'], []])
  })

  test('grows with a body that nobody reads, and shrinks when somebody does', () => {
    const { exchanges } = setup(3 * perExchange)
    const [first, second] = [owner(), owner()]
    let unreadBytes = perExchange
    const one = exchanges.begin(first, { ...nothing, requestBytes: () => unreadBytes })
    exchanges.begin(second, nothing)
    unreadBytes = 0
    one.progressed()
    exchanges.begin(second, nothing)
    assert.deepEqual([first.ends, second.ends], [[], []])
    unreadBytes = 1
    one.progressed()
    assert.deepEqual([first.ends, second.ends], [[], ['closed: memory']])
  })

  test('takes the streams beside a tunnel one by one', () => {
    const { exchanges } = setup(2 * perExchange)
    const busy = owner(true)
    for (let asked = 0; asked < 5; asked += 1) exchanges.begin(busy, nothing)
    assert.deepEqual(busy.ends, ['reset: memory', 'reset: memory', 'reset: memory'])
    assert.equal(busy.exchanges.size, 2)
  })
})
