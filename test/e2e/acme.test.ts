import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe } from 'node:test'
import * as tls from 'node:tls'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { acmePeers, startAcmeRig } from './acme-rig.ts'
import { maxBulkTestMs, peerTest } from './peers.ts'

/** The TLS of the gateway, as a client that trusts only the authority sees it. */
async function connectTo(port: number, servername: string, ca: string): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', servername, ca })
  await once(socket, 'secureConnect')
  return socket
}

async function serialOf(port: number, servername: string, ca: string): Promise<string> {
  const socket = await connectTo(port, servername, ca)
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

/** Tunnels that stay while others come and go. */
const keptTunnels = 20

/** Tunnels that echo without a pause until the end, and as many that are opened anew, one after the other. */
function startLoad(port: number, ca: string) {
  const over = new AbortController()
  const open = async (): Promise<tls.TLSSocket> => {
    const socket = await connectTo(port, 'db.example.test', ca)
    socket.write('CONNECT db.example.test:5432 HTTP/1.1\r\nhost: db.example.test:5432\r\n\r\n')
    const [head] = (await once(socket, 'data')) as [Buffer]
    assert.match(head.toString(), /^HTTP\/1\.1 200 /)
    return socket
  }
  const echo = async (socket: tls.TLSSocket, text: string): Promise<void> => {
    socket.write(text)
    for (let echoed = ''; echoed !== text;) {
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      echoed += chunk.toString()
      assert.ok(text.startsWith(echoed), echoed)
    }
  }
  const stay = async (at: number): Promise<void> => {
    const socket = await open()
    for (let count = 0; !over.signal.aborted; count += 1)
      await echo(socket, `tunnel ${at}, line ${count}\n`)
    socket.destroy()
  }
  const comeAndGo = async (): Promise<number> => {
    let opened = 0
    for (; !over.signal.aborted; opened += 1) {
      const socket = await open()
      await echo(socket, 'for a moment')
      socket.destroy()
    }
    return opened
  }
  const staying = Promise.all(Array.from({ length: keptTunnels }, (_, at) => stay(at)))
  const coming = comeAndGo()
  return {
    async end() {
      over.abort()
      return { kept: (await staying).length, opened: await coming }
    },
  }
}

describe('certificates of a real ACME server', () => {
  peerTest(
    'are fetched by TLS-ALPN-01 with an external account, and kept over a restart',
    acmePeers,
    async (scope) => {
      const secret = Buffer.alloc(32, 9).toString('base64url')
      const rig = await startAcmeRig(
        scope,
        { autocert_eab_key_id: 'kid-1', autocert_eab_mac_key: secret },
        { externalAccounts: { 'kid-1': secret } },
      )
      const first = await rig.start()
      await first.says(/"message":"certificate fetched"/)
      const root = await rig.pebble.root()
      const serial = await serialOf(rig.port, 'db.example.test', root)
      first.signal('SIGTERM')
      await first.ended
      rig.pebble.child.signal('SIGTERM')
      await rig.pebble.child.ended
      await rig.start()
      assert.equal(await serialOf(rig.port, 'db.example.test', root), serial)
    },
    maxBulkTestMs,
  )

  peerTest(
    'are fetched by HTTP-01 where TLS does not reach the gateway, and by DNS-01 for a wildcard',
    acmePeers,
    async (scope) => {
      // Nothing is at the port where the authority looks by TLS.
      const rig = await startAcmeRig(
        scope,
        {
          authenticate_service_url: 'https://auth.site.com',
          sites: [
            {
              name: 'site.com',
              publish: [{ allow: { or: [{ domain: { is: 'example.com' } }] } }],
              dns: {
                provider: 'rfc2136',
                server: 'DNS_SERVER',
                key_name: 'postern-key',
                key_secret: 'DNS_SECRET',
              },
            },
          ],
          idp_provider_url: 'https://login.example.test',
          idp_client_id: 'postern',
          idp_client_secret: 'a secret of nobody',
        },
        { tlsPort: await freePort() },
      )
      const child = await rig.start()
      await child.says(/"name":"\*\.site\.com"[^\n]*"message":"certificate fetched"/)
      const root = await rig.pebble.root()
      await serialOf(rig.port, 'auth.site.com', root)
      await child.says(/"name":"db\.example\.test"[^\n]*"message":"certificate fetched"/)
      await serialOf(rig.port, 'db.example.test', root)
    },
    maxBulkTestMs,
  )

  peerTest(
    'are renewed under a tunnel that stays, and one that cannot be renewed is said',
    acmePeers,
    async (scope) => {
      const rig = await startAcmeRig(scope, {}, { validitySeconds: 24 })
      const child = await rig.start()
      await child.says(/"message":"certificate fetched"/)
      const root = await rig.pebble.root()
      const serial = await serialOf(rig.port, 'db.example.test', root)
      const load = startLoad(rig.port, root)
      await child.says(/"message":"certificate renewed"/)
      assert.notEqual(await serialOf(rig.port, 'db.example.test', root), serial)
      // None was refused, cut or answered with another byte, and new ones came all the time.
      const { kept, opened } = await load.end()
      assert.equal(kept, keptTunnels)
      assert.ok(opened > 0)
      rig.pebble.child.signal('SIGTERM')
      await child.says(/"message":"certificate not renewed"/)
    },
    maxBulkTestMs,
  )
})
