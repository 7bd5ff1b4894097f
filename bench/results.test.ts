import assert from 'node:assert/strict'
import { test } from 'node:test'

import { judge } from './limits.ts'
import { renderTable } from './report.ts'
import { summarise } from './results.ts'
import type { Sample } from './results.ts'

test('a ratio is taken within each round, so that a slow round does not count', () => {
  const rows = summarise([
    sample('bare', 'tls', 1, 1),
    sample('gateway', 'http/1.1', 1, 1.1),
    // Something else ran in this round.
    sample('bare', 'tls', 2, 4),
    sample('gateway', 'http/1.1', 2, 4.4),
    sample('bare', 'tls', 3, 1),
    sample('gateway', 'http/1.1', 3, 1.3),
  ])
  assert.deepEqual(
    rows.map(({ target, median, ratioToBare }) => [target, median, ratioToBare]),
    [
      ['bare', 1, 1],
      ['gateway', 1.3, 1.1],
    ],
  )
})

test('a gateway that costs more than its limit is judged so, by protocol', () => {
  const verdicts = judge(
    summarise([
      sample('bare', 'tls', 1, 1),
      sample('gateway', 'http/1.1', 1, 1.2),
      sample('gateway', 'h2', 1, 1.2),
      { ...sample('gateway', 'h2', 1, 0), measure: 'idle', figures: { kibPerTunnel: 111 } },
      sample('nginx', 'tls', 1, 9),
    ]),
  )
  assert.deepEqual(
    verdicts.map(({ protocol, measure, isMet }) => [protocol, measure, isMet]),
    [
      ['http/1.1', 'throughput-up-1', false],
      ['h2', 'throughput-up-1', true],
      ['h2', 'idle', false],
    ],
  )
})

test('without the bare relay there is no ratio and no verdict about it', () => {
  const rows = summarise([sample('gateway', 'http/1.1', 1, 9)])
  assert.equal(rows[0]?.ratioToBare, undefined)
  assert.deepEqual(judge(rows), [])
})

test('the table has a line for each subject and each limit', () => {
  const rows = summarise([sample('bare', 'tls', 1, 1), sample('gateway', 'http/1.1', 1, 1.2)])
  assert.equal(
    renderTable(rows, judge(rows)),
    `throughput-up-1
                    cpuSecondsPerGib
  bare tls          1 (1.00×)
  gateway http/1.1  1.2 (1.20×)

limits
  MISSED  gateway http/1.1  throughput-up-1  cpuSecondsPerGib / bare  1.2  at most 1.15`,
  )
})

function sample(target: string, protocol: string, round: number, cpu: number): Sample {
  const figures = { cpuSecondsPerGib: cpu }
  return { measure: 'throughput-up-1', target, protocol, round, figures }
}

test('a WebSocket is judged by what CONNECT carries in the same round', () => {
  const throughput = (protocol: string, round: number, mibPerSecond: number): Sample => {
    return {
      measure: 'throughput-up-1',
      target: 'gateway',
      protocol,
      round,
      figures: { mibPerSecond },
    }
  }
  const verdictOf = (...values: number[]): unknown =>
    judge(
      summarise(
        values.flatMap((value, round) => [
          throughput('http/1.1', round, 100 * (round + 1)),
          throughput('websocket', round, value * (round + 1)),
        ]),
      ),
    ).map(({ measured, isMet }) => [measured, isMet])
  assert.deepEqual(verdictOf(70, 65, 10), [[0.65, true]])
  assert.deepEqual(verdictOf(50), [[0.5, false]])
})
