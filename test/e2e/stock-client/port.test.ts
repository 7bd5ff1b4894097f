import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { startChild } from '../child.ts'
import { peerTest, program } from '../peers.ts'
import { exchange } from '../person.ts'
import { alice, route, type GatewayRig } from '../rig.ts'
import type { Scope } from '../scope.ts'
import { echo, startService } from '../services.ts'
import {
  ask,
  connectBytes,
  dial,
  get,
  getHttp2,
  openTunnel,
  signIn,
  startStock,
  target,
} from './stock.ts'

/** What the client may trust whatever it dialled: the name is not what these tests are about. */
const anyName: ConnectionOptions = { checkServerIdentity: () => undefined }

describe('G1: TLS on one port', () => {
  peerTest('a tunnel opens whatever is offered by ALPN, and by TLS 1.2', [], async (scope) => {
    const { rig, token } = await start(scope)
    const offers: readonly ConnectionOptions[] = [
      { ALPNProtocols: ['http/1.1'] },
      { ALPNProtocols: [] },
      { maxVersion: 'TLSv1.2' },
      { minVersion: 'TLSv1.3' },
    ]
    for (const offer of offers) {
      const { status, socket } = await openTunnel(scope, rig, target, token, offer)
      assert.equal(status, 200)
      assert.equal(await exchange(socket, 'hello'), 'hello')
    }
    // An offer of nothing is not answered with something.
    const silent = await dial(scope, rig, { ALPNProtocols: [] })
    assert.equal(silent.alpnProtocol, false)
    await assert.rejects(dial(scope, rig, { maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }))
  })
})

describe('G2: the probe', () => {
  peerTest('is answered over HTTP/2 and HTTP/1.1, at any name, without h3', [], async (scope) => {
    const { rig } = await start(scope)
    for (const host of [`localhost:${rig.port}`, `127.0.0.1:${rig.port}`, target]) {
      const plain = await get(rig, '/', { host })
      assert.equal(plain.status, 200)
      assert.doesNotMatch(String(plain.headers['alt-svc']), /h3/)
      const { status, headers } = await getHttp2(scope, rig, '/', host)
      assert.equal(status, 200)
      assert.doesNotMatch(String(headers['alt-svc']), /h3/)
    }
  })
})

describe('G3: CONNECT in authority form', () => {
  peerTest('is answered 200, an empty line and then the service alone', [], async (scope) => {
    const { rig, token } = await start(scope)
    const { head, socket } = await openTunnel(scope, rig, target, token)
    const [first, ...fields] = head.trimEnd().split('\r\n')
    assert.equal(first, 'HTTP/1.1 200 OK')
    const names = fields.map((field) => field.split(':')[0]?.toLowerCase())
    for (const name of ['transfer-encoding', 'content-length', 'connection', 'set-cookie'])
      assert.ok(!names.includes(name), name)
    assert.equal(await exchange(socket, 'hello'), 'hello')
    socket.end()
    await once(socket.resume(), 'end')
    const line = await rig.lines.first(({ ended }) => ended !== undefined)
    assert.deepEqual([line['user-agent'], line['email']], ['Go-http-client/1.1', alice])
    assert.deepEqual([line['authority'], line['path']], [target, ''])
  })

  peerTest('works on any server name, and on none', [], async (scope) => {
    const { rig, token } = await start(scope)
    for (const servername of ['echo.example.com', 'nobody.example.org', 'LOCALHOST', '']) {
      const options = { ...anyName, servername }
      const { status, socket } = await openTunnel(scope, rig, target, token, options)
      assert.equal(status, 200, servername)
      assert.equal(await exchange(socket, 'hello'), 'hello')
    }
  })

  peerTest('works where an address stands for the server name', ['OpenSSL'], async (scope) => {
    const { rig, token } = await start(scope)
    const at = ['-connect', `127.0.0.1:${rig.port}`, '-servername', '127.0.0.1']
    const options = ['-CAfile', rig.caFile, '-verify_return_error', '-alpn', 'http/1.1', '-quiet']
    const client = startChild(scope, program('openssl'), ['s_client', ...at, ...options])
    client.stdin.write(`${connectBytes(target, token)}hello`)
    await client.says(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*\r\nhello$/)
  })

  peerTest('may come in any pieces, the first bytes behind it included', [], async (scope) => {
    const { rig, token } = await start(scope)
    const head = connectBytes(target, token)
    const cuts = [1, 7, 8, head.indexOf('\r\n') + 1, head.indexOf('Pomerium'), head.length - 2]
    const pieces = [0, ...cuts].map((from, index) => head.slice(from, cuts[index]))
    const split = await ask(await dial(scope, rig), ...pieces)
    assert.equal(split.status, 200)
    assert.equal(await exchange(split.socket, 'hello'), 'hello')

    const joined = await ask(await dial(scope, rig), `${head}SSH-2.0-client\r\n`)
    assert.equal(joined.status, 200)
    joined.socket.end('and after')
    const echoed = Buffer.concat((await joined.socket.toArray()) as Buffer[]).toString()
    assert.equal(echoed, 'SSH-2.0-client\r\nand after')
  })

  peerTest('reaches what a route names behind the slash of its address', [], async (scope) => {
    const inner = 'inner.example.com:22'
    const behind = {
      ...route(inner, await startService(scope, echo)),
      from: `tcp+https://bastion.example.com/${inner}`,
    }
    const rig = await startStock(scope, {}, [behind])
    const token = await signIn(scope, rig, { host: 'bastion.example.com' })
    const { status, socket } = await openTunnel(scope, rig, inner, token)
    assert.equal(status, 200)
    assert.equal(await exchange(socket, 'hello'), 'hello')
    assert.equal((await openTunnel(scope, rig, 'bastion.example.com:443', token)).status, 404)
  })

  peerTest('takes the target as it is: another port is another route', [], async (scope) => {
    const { rig, token } = await start(scope)
    const others = ['echo.example.com:443', 'example.com:7', `localhost:${rig.port}`]
    for (const other of others)
      assert.equal((await openTunnel(scope, rig, other, token)).status, 404, other)
    assert.equal((await openTunnel(scope, rig, 'ECHO.Example.com:7', token)).status, 200)
  })
})

async function start(scope: Scope): Promise<{ rig: GatewayRig; token: string }> {
  const rig = await startStock(scope)
  return { rig, token: await signIn(scope, rig) }
}
