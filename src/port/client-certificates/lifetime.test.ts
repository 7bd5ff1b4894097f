import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import * as tls from 'node:tls'
import { connectHead, connectTls, testCa } from '../../gateway/gateway.fixture.ts'
import { isBun } from '../../is-bun.ts'
import {
  ask,
  askHttp1,
  bad,
  good,
  laptop,
  openTunnel,
  other,
  revoking,
  root,
  sessionOf,
  start,
  target,
} from './client-certificates.fixture.ts'

describe('a certificate that is trusted no longer', () => {
  test('cuts its tunnels when it is revoked, and no others', async (t) => {
    const { gateway, route, mtls } = await start(t)
    const stays = await openTunnel(gateway, await root.issueClient(laptop))
    const goes = await openTunnel(gateway, good)
    t.after(() => stays.destroy())
    const revocationLists = await revoking(root, [good.cert])
    const ended = once(goes, 'end')
    await gateway.reload([route], { downstreamMtls: { ...mtls, revocationLists } })
    await ended
    goes.destroy()
    const line = await gateway.line((one) => one['ended'] === 'policy-changed')
    assert.deepEqual(line['reasons'], ['invalid-client-certificate'])
    stays.write('still here')
    const [echoed] = (await once(stays, 'data')) as [Buffer]
    assert.equal(echoed.toString(), 'still here')
    assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
  })

  test('cuts its tunnels when its authority is replaced', async (t) => {
    const { gateway, route, mtls } = await start(t, { revocationLists: undefined })
    const tunnel = await openTunnel(gateway, good)
    const ended = once(tunnel, 'end')
    await gateway.reload([route], { downstreamMtls: { ...mtls, ca: other.cert } })
    await ended
    tunnel.destroy()
    assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
    const [ofOther] = bad['of another authority'] ?? []
    assert.equal((await ask(gateway, ofOther, 'h2'))?.status, 200)
  })

  test('cuts its tunnels when it expires', async (t) => {
    const { gateway } = await start(t)
    const soon = new Date(Math.ceil(Date.now() / 1000) * 1000 + 4_000)
    const tunnel = await openTunnel(gateway, await root.issueClient(laptop, { notAfter: soon }))
    await once(tunnel.resume(), 'end')
    assert.ok(Date.now() >= soon.getTime())
    tunnel.destroy()
    await gateway.line((one) => one['ended'] === 'policy-changed')
  })

  test('cuts its tunnels when the revocation list is outdated', async (t) => {
    const nextUpdate = new Date(Math.ceil(Date.now() / 1000) * 1000 + 4_000)
    const { gateway } = await start(t, {
      revocationLists: await revoking(root, [], { nextUpdate }),
    })
    const tunnel = await openTunnel(gateway, good)
    await once(tunnel.resume(), 'end')
    assert.ok(Date.now() >= nextUpdate.getTime())
    tunnel.destroy()
    await gateway.line((one) => one['ended'] === 'policy-changed')
    assert.equal((await ask(gateway, good, 'h2'))?.status, 495)
  })
})

describe('a handshake that a reload overtakes', () => {
  for (const enforcement of ['policy_with_default_deny', 'reject_connection'] as const) {
    test(`is judged by what holds at its end, with ${enforcement}`, async (t) => {
      const { gateway, route, mtls } = await start(t, { enforcement })
      await gateway.reload([route], { downstreamMtls: undefined })
      const raw = connect(gateway.port, '127.0.0.1').on('error', () => undefined)
      await once(raw, 'connect')
      const [near, far] = duplexPair()
      const socket = tls.connect({ socket: near, servername: 'localhost', ca: testCa, ...good })
      socket.on('error', () => undefined)
      t.after(() => [socket, raw].forEach((stream) => stream.destroy()))
      const [hello] = (await once(far, 'data')) as [Buffer]
      far.pause()
      raw.write(hello.subarray(0, 1))
      // The connection is the gateway's, and waits for the rest of the first message of the handshake.
      await ask(gateway, undefined, 'http/1.1', '/healthz')
      await gateway.reload([route], { downstreamMtls: mtls })
      raw.write(hello.subarray(1))
      far.pipe(raw).pipe(far)
      const status = (await askHttp1(socket))?.status
      assert.equal(status, enforcement === 'reject_connection' ? undefined : 495)
    })
  }
})

test('a handshake in the middle of a connection, for a certificate, ends it', async (t) => {
  const { gateway } = await start(t)
  const socket = await connectTls(gateway.port, ['http/1.1'], { maxVersion: 'TLSv1.2' })
  t.after(() => socket.destroy())
  socket.setKeyCert(tls.createSecureContext(good))
  const ended = new Promise((resolve) => socket.once('error', resolve).once('end', resolve))
  socket.resume().renegotiate({}, () => undefined)
  socket.write(connectHead(target))
  await ended
  assert.equal(gateway.parts.liveTunnels.size, 0)
})

describe('a resumed TLS session', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`brings no certificate along, with ${version}`, async (t) => {
      const { gateway } = await start(t)
      const session = await sessionOf(gateway, { ...good, maxVersion: version })
      // Without tickets BoringSSL gives none under TLS 1.3.
      assert.ok(session !== undefined || (isBun && version === 'TLSv1.3'))
      const again = await connectTls(gateway.port, ['http/1.1'], { maxVersion: version, session })
      assert.equal(again.isSessionReused(), false)
      assert.equal((await askHttp1(again))?.status, 495)
      again.destroy()
    })

    test(`is none from before the gateway asked for certificates, with ${version}`, async (t) => {
      const { gateway, route, mtls } = await start(t)
      await gateway.reload([route], { downstreamMtls: undefined })
      const session = await sessionOf(gateway, { maxVersion: version })
      assert.ok(session !== undefined)
      await gateway.reload([route], { downstreamMtls: mtls })
      const options = { ...good, maxVersion: version, session }
      const again = await openTunnel(gateway, good, options)
      assert.equal(again.isSessionReused(), false)
      again.destroy()
    })
  }
})
