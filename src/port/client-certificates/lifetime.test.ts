import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import * as tls from 'node:tls'
import { testCa } from '../../gateway/gateway.fixture.ts'
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
  start,
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
