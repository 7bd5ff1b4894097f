import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UpstreamError } from '../errors.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { testCaller, testRoute } from '../gateway/gateway.fixture.ts'
import type { Grant } from '../access/grant.ts'
import { drawOrder } from './dialled.ts'
import { createOpenUpstream } from './open-upstream.ts'

const upstream = (
  host: string,
  weight: number,
): { host: string; port: number; weight: number } => ({ host, port: 1, weight })

test('every upstream is tried once, whatever the weights and the draw', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      weights,
      fc.infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true })),
      (list, numbers) => {
        const upstreams = list.map((weight, index) => upstream(`h${index}`, weight))
        const order = drawOrder(upstreams, () => numbers.next().value ?? 0)
        assert.deepEqual(
          order.map(({ host }) => host).toSorted(),
          upstreams.map(({ host }) => host).toSorted(),
        )
      },
    ),
  )
})

test('the first is drawn by weight', () => {
  const upstreams = [upstream('a', 10), upstream('b', 20), upstream('c', 70)]
  const first = (ticket: number): string | undefined => drawOrder(upstreams, () => ticket)[0]?.host
  assert.deepEqual([0, 0.0999, 0.1, 0.2999, 0.3, 0.9999].map(first), ['a', 'a', 'b', 'b', 'c', 'c'])
})

test('a gateway out of descriptors says that it is the gateway, not the service', async () => {
  const failing = (code: string): Promise<never> => {
    const cause = Object.assign(new Error(`connect ${code}`), { code })
    const causes = new AggregateError([cause, new Error('another')], 'no address answered')
    return Promise.reject(new UpstreamError('upstream-unreachable', 'no', { cause: causes }))
  }
  const attempt = (code: string): Promise<unknown> => {
    const route = testRoute('tcp+https://db.example.com:5432', [1])
    const grant = {
      route,
      caller: testCaller(),
      request: { target: { host: 'db.example.com', port: 5432 } },
    }
    const open = createOpenUpstream({
      metrics: createMetrics(),
      links: { toward: () => [], doubt: () => undefined, avoid: () => undefined },
      dial: () => failing(code),
    })
    return open(grant as unknown as Grant, new AbortController().signal)
  }
  await assert.rejects(attempt('EMFILE'), { code: 'gateway-exhausted', message: /this gateway/ })
  await assert.rejects(attempt('ECONNREFUSED'), { code: 'upstream-unreachable' })
})
