import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import type { Grant } from '../access/grant.ts'
import type { HostPort } from '../address.ts'
import { testCaller, testRoute } from '../gateway/gateway.fixture.ts'
import type { Link, StreamRequest } from '../links/link.ts'
import type { UpstreamWay } from '../routes/upstream-way.ts'
import { connectorError } from '../tunnel/connector/faults.ts'
import type { StreamFault } from '../tunnel/connector/protocol.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createOpenUpstream } from './open-upstream.ts'

const signal = new AbortController().signal
const target: HostPort = { host: '10.0.0.5', port: 22 }
const bastion: UpstreamWay = {
  kind: 'connector',
  tunnel: 'lab',
  service: undefined,
  isBastion: true,
}

/**
 * Opens a tunnel by this way, and answers what a connector was asked for; of several connectors each has its
 * own answer.
 */
async function ask(
  way: UpstreamWay,
  bastionTarget?: HostPort,
  answers: readonly (StreamFault | 'opened')[] = ['opened'],
): Promise<StreamRequest[]> {
  const asked: StreamRequest[] = []
  const links = answers.map(
    (answer, index) =>
      ({
        connectorId: `c${index}`,
        isReady: true,
        openStream(request: StreamRequest) {
          asked.push(request)
          if (answer === 'opened') return Promise.resolve(new PassThrough())
          return Promise.reject(connectorError(answer, 'the connector says why'))
        },
      }) as unknown as Link,
  )
  const open = createOpenUpstream({
    metrics: createMetrics(),
    links: { toward: () => links, doubt: () => undefined, avoid: () => undefined },
    dial: () => Promise.reject(new Error('nobody is dialled here')),
  })
  const route = { ...testRoute('tcp+https://jump.example.com:443', [1]), way }
  const request = {
    requestId: 'r1',
    authority: 'jump.example.com:443',
    target: { protocol: 'tcp', host: 'jump.example.com', port: 443 },
    bastionTarget,
  }
  await open({ route, caller: testCaller(), request } as Grant, signal)
  return asked
}

describe('a bastion', () => {
  test('has its connector dial what the client names', async () => {
    const [request] = await ask(bastion, target)
    assert.deepEqual([request?.hostname, request?.service], ['jump.example.com', target])
    assert.equal(request?.isByClient, true)
  })

  test('asks for a name where the client has none', async () => {
    await assert.rejects(ask(bastion), { code: 'bastion-target-missing', hint: /--destination/ })
  })

  test('is the only way on which a client has a say', async () => {
    const service = { host: 'db.internal', port: 5432 }
    const fixed: UpstreamWay = { kind: 'connector', tunnel: 'lab', service }
    const [request] = await ask(fixed)
    assert.deepEqual([request?.service, request?.isByClient], [service, false])
    const { way: direct } = testRoute('tcp+https://db.example.com:5432', [1])
    for (const way of [fixed, { ...fixed, service: undefined }, direct])
      await assert.rejects(ask(way, target), { code: 'no-bastion', message: /10\.0\.0\.5:22/ })
  })

  test('says what its list does not have, where every connector said so', async () => {
    await assert.rejects(ask(bastion, target, ['no-rule', 'no-rule']), {
      code: 'bastion-target-refused',
      message: /does not lead to "10\.0\.0\.5:22"/,
      hint: /ipRules/,
    })
    for (const answers of [['no-rule', 'busy'], ['origin-unreachable']] as const) {
      await assert.rejects(ask(bastion, target, answers), {
        code: 'upstream-unreachable',
        message: /^"10\.0\.0\.5:22" behind route /,
      })
    }
    const fixed: UpstreamWay = { kind: 'connector', tunnel: 'lab', service: undefined }
    await assert.rejects(ask(fixed, undefined, ['no-rule']), { code: 'upstream-unreachable' })
  })
})
