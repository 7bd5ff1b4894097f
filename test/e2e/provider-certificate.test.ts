import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { peerTest } from './peers.ts'
import { route, startRig } from './rig.ts'

peerTest(
  'a provider whose certificate nobody knows is told nothing, whatever the environment says',
  [],
  async (scope) => {
    const pair = await (await createCertificateAuthority()).issue(['localhost'])
    let requests = 0
    let handshakes = 0
    const impostor = createServer(pair, (_request, response) => {
      requests += 1
      response.end('{}')
    })
    impostor.on('connection', () => (handshakes += 1)).on('tlsClientError', () => undefined)
    scope.defer(() => void impostor.close())
    impostor.listen(0, '127.0.0.1')
    await once(impostor, 'listening')
    const { port } = impostor.address() as AddressInfo
    const settings = { idp_provider_url: `https://localhost:${port}` }
    const unverified = ['/usr/bin/env', 'NODE_TLS_REJECT_UNAUTHORIZED=0']
    const rig = await startRig(
      scope,
      [route('a.example.com:7', 1)],
      settings,
      'localhost',
      unverified,
    )
    let path: string | undefined = '/.pomerium/'
    let status = 0
    for (let step = 0; step < 5 && path !== undefined && status !== 503; step += 1) {
      const url = new URL(path, rig.origin)
      const [response] = (await once(get(url, { ca: rig.ca, agent: false }), 'response')) as [
        IncomingMessage,
      ]
      response.resume()
      status = response.statusCode ?? 0
      path = response.headers.location
    }
    assert.ok(handshakes > 0)
    assert.equal(status, 503)
    assert.equal(requests, 0)
  },
)
