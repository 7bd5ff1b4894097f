import assert from 'node:assert/strict'
import { devNull } from 'node:os'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { silentLogger } from '../../log.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { encodeRefusal } from '../../tunnel/refusal.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { fetchRoutes } from './fetch-routes.ts'
import type { Trust } from '../../reach/trust.ts'

const neverSignIn = (): never => assert.fail('nobody has to sign in')

function ask(origin: string, ca: string) {
  const trust: Trust = {
    isVerified: true,
    extraCa: ca === '' ? [] : [ca],
    clientCertificate: undefined,
  }
  // No cache is looked into for a service account.
  const cacheDirectory = devNull
  const options = { gateway: parseGatewayUrl(origin), trust, log: silentLogger, cacheDirectory }
  const asked = { ...options, presentSignIn: neverSignIn, serviceAccountToken: 'aa.bb.cc' }
  return fetchRoutes(asked, AbortSignal.timeout(60_000))
}

describe('asking for the routes', () => {
  test('takes a list that is longer than any refusal', async () => {
    const routes = Array.from({ length: 5_000 }, (_, index) => ({
      name: `service-${index}`,
      type: 'tcp',
      from: `tcp+https://service-${index}.example.com:22`,
      description: 'd'.repeat(100),
    }))
    await using gateway = await startFakeGateway({ routes })
    const answer = await ask(gateway.origin, gateway.ca)
    assert.equal(answer.routes.length, 5_000)
    assert.equal(answer.routes.at(-1)?.name, 'service-4999')
  })

  test('tells a server that is no gateway, whatever it answers', async () => {
    // The first one is looked at more closely.
    const statuses = [404, 404, 404, 404, 200]
    const server = createServer((_, response) => {
      response.writeHead(statuses.shift() ?? 500).end('<html>hello</html>')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const message = /is no gateway: a web server answers there with status 404/
      await assert.rejects(ask(origin, ''), { code: 'not-a-gateway', message })
      await assert.rejects(ask(origin, ''), { code: 'not-a-gateway', message: /with its routes/ })
    } finally {
      server.close()
    }
  })

  test('says why a gateway gives no list, in its own words where it has some', async () => {
    const said = {
      code: 'gateway_exhausted',
      message: 'too many wait',
      next: 'wait',
      requestId: '',
    }
    const path = gatewayPaths.routes
    for (const [body, message, hint] of [
      [encodeRefusal(said), /^too many wait$/, 'wait'],
      ['<html>no backend</html>', /answered 503 for its routes$/, /a gateway listens there/],
    ] as const) {
      await using gateway = await startFakeGateway({ answers: { [path]: { status: 503, body } } })
      const failing = ask(gateway.origin, gateway.ca)
      await assert.rejects(failing, { code: 'not-a-gateway', message, hint })
    }
  })
})
