import assert from 'node:assert/strict'
import { connect, type NetConnectOpts } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { UpstreamError, messageOf } from '../errors.ts'
import { dial, type DialOptions } from '../net/dial.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { echo, startService, testCaller, testRoute } from '../gateway/gateway.fixture.ts'
import type { Grant } from '../access/grant.ts'
import type { DirectWay } from '../routes/upstream-way.ts'
import { directTo } from '../routes/upstream-way.fixture.ts'
import { createOpenUpstream, drawOrder } from './open-upstream.ts'

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
    const open = createOpenUpstream({ metrics: createMetrics(), dial: () => failing(code) })
    return open(grant as unknown as Grant, new AbortController().signal)
  }
  await assert.rejects(attempt('EMFILE'), { code: 'gateway-exhausted', message: /this gateway/ })
  await assert.rejects(attempt('ECONNREFUSED'), { code: 'upstream-unreachable' })
})

test('a name that leads to the metadata service of a cloud is refused, and only the log says why', async () => {
  for (const address of ['169.254.169.254', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254']) {
    const { open, dialled } = openerTo([address])
    await assert.rejects(open({}), (error: unknown) => {
      assert.ok(error instanceof UpstreamError)
      assert.equal(error.code, 'upstream-unreachable')
      assert.doesNotMatch(`${error.message} ${error.hint}`, /metadata|169|::/)
      assert.match(messageOf(error.cause), /"imds\.test:80" is the metadata service of a cloud/)
      assert.ok(messageOf(error.cause).includes(`"allow_metadata_address: true"`))
      return true
    })
    assert.deepEqual(dialled, [])
  }
})

test('it is judged by each address that is dialled: the others of the name are used', async () => {
  await using service = await startService(echo)
  const { open, dialled } = openerTo(['169.254.169.254', '127.0.0.1'], service.port)
  const { socket } = await open({})
  assert.deepEqual(dialled, ['127.0.0.1'])
  socket.destroy()
})

test('a route that says so may lead there; other link-local addresses need not say it', async () => {
  await using service = await startService(echo)
  for (const [address, allowsMetadataAddress] of [
    ['169.254.169.254', true],
    ['169.254.1.1', false],
  ] as const) {
    const { open, dialled } = openerTo([address], service.port)
    const { socket } = await open({ allowsMetadataAddress })
    assert.deepEqual(dialled, [address])
    socket.destroy()
  }
})

/** Dials a name that leads to these addresses; what connects reaches a port of this machine instead. */
function openerTo(addresses: readonly string[], port = 9) {
  const dialled: string[] = []
  const options: DialOptions = {
    lookup: (_host, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    connect: ((asked: NetConnectOpts & { host: string }) => {
      dialled.push(asked.host)
      return connect({ ...asked, host: '127.0.0.1', port })
    }) as typeof connect,
  }
  const open = createOpenUpstream({
    metrics: createMetrics(),
    dial: (target, given) => dial(target, { ...given, ...options }),
  })
  return {
    dialled,
    open(more: Partial<DirectWay>) {
      const way = directTo([{ host: 'imds.test', port: 80, weight: 1 }], more)
      const route = testRoute('tcp+https://imds.example.com:80', [], undefined, { way })
      const request = { target: { host: 'imds.example.com', port: 80 } }
      const grant = { route, caller: testCaller(), request }
      return open(grant as unknown as Grant, new AbortController().signal)
    },
  }
}
