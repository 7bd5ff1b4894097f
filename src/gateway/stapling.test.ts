import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { GatewayConfig } from '../config/config.ts'
import { localActor } from '../control/change.ts'
import { isBun } from '../is-bun.ts'
import {
  openOcspAuthority,
  startResponder,
  type Issued,
  type Responder,
} from '../net/ocsp/ocsp.fixture.ts'
import { lacksOpenssl, shakeHands, testFolder } from '../net/openssl.fixture.ts'
import { collectLines, testCertificate, testConfig } from './gateway.fixture.ts'
import { startGateway } from './start.ts'

const skip = lacksOpenssl || (isBun && 'Bun tells a server of nobody who asks for an OCSP answer')

describe('a gateway with must-staple certificates', async () => {
  const authority = await openOcspAuthority(testFolder({ after }))
  const issue = (host: string, { url }: Responder): Promise<Issued> =>
    authority.issue(host, { responder: url })

  async function start(t: TestContext, certificates: GatewayConfig['certificates']) {
    const stateDirectory = await mkdtemp(join(tmpdir(), 'postern-stapling-'))
    t.after(() => rm(stateDirectory, { recursive: true }))
    const config = { ...testConfig([]), stateDirectory, certificates }
    const { sink, lines, line } = collectLines()
    const gateway = await startGateway(config, { logSink: sink })
    t.after(() => gateway.close(0))
    return {
      gateway,
      config,
      lines,
      line: (message: string) => line((it) => it['message'] === message),
      /** As OpenSSL tells it: the status of a certificate in the answer, and its serial number. */
      async stapled(serverName: string | undefined) {
        const name = serverName === undefined ? ['-noservername'] : ['-servername', serverName]
        const args = [...name, '-status', '-CAfile', authority.certFile]
        const { output } = await shakeHands(gateway.address.port, args)
        assert.match(output, /OCSP response:/)
        return {
          status: /Cert Status: (\w+)/.exec(output)?.[1],
          serial: /Serial Number: (\w+)/.exec(output)?.[1],
        }
      },
    }
  }

  async function answering(t: TestContext): Promise<Responder> {
    const responder = await startResponder(t)
    responder.respond((request) => authority.answer(request))
    return responder
  }

  test(
    'hands out an answer for each name, and none for a certificate that needs none',
    { skip },
    async (t) => {
      const responder = await answering(t)
      const [a, b] = [
        await issue('a.example.com', responder),
        await issue('b.example.com', responder),
      ]
      const plain = await authority.issue('c.example.com', {
        responder: responder.url,
        mustStaple: false,
      })
      const { stapled, gateway, lines } = await start(t, [a, b, plain])
      await responder.wasAsked(2)
      while (lines.filter((it) => it['message'] === 'OCSP answer fetched').length < 2)
        await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(await stapled('a.example.com'), {
        status: 'good',
        serial: a.leaf.serialNumber,
      })
      // Whoever names nobody is shown the first.
      assert.equal((await stapled(undefined)).serial, a.leaf.serialNumber)
      assert.deepEqual(await stapled('b.example.com'), {
        status: 'good',
        serial: b.leaf.serialNumber,
      })
      assert.deepEqual(await stapled('c.example.com'), { status: undefined, serial: undefined })
      assert.equal(responder.asked.length, 2)
      const text = await gateway.metrics.render()
      assert.match(text, /postern_ocsp_fetches_total\{outcome="ok"\} 2/)
      assert.match(text, /postern_ocsp_answer_late\{name="a.example.com"\} 0/)
    },
  )

  test('has the answer of a new certificate before that is served', { skip }, async (t) => {
    const responder = await answering(t)
    const [first, second] = [
      await issue('a.example.com', responder),
      await issue('a.example.com', responder),
    ]
    const { stapled, gateway, config, line } = await start(t, [first])
    await line('OCSP answer fetched')
    const held = Promise.withResolvers<void>()
    responder.respond(async (request) => {
      await held.promise
      return authority.answer(request)
    })
    const reloaded = gateway.reload({ ...config, certificates: [second] })
    await responder.wasAsked(2)
    assert.equal((await stapled('a.example.com')).serial, first.leaf.serialNumber)
    held.resolve()
    await reloaded
    assert.deepEqual(await stapled('a.example.com'), {
      status: 'good',
      serial: second.leaf.serialNumber,
    })
  })

  test(
    'takes over a new certificate without an answer where the responder is down',
    { skip },
    async (t) => {
      const responder = await startResponder(t)
      const { gateway, config, stapled, line } = await start(t, [testCertificate])
      const only = await issue('a.example.com', responder)
      await gateway.reload({ ...config, certificates: [only] })
      assert.deepEqual(await stapled('a.example.com'), { status: undefined, serial: undefined })
      assert.equal((await line('OCSP answer not fetched'))['level'], 'error')
      const overview = await gateway.operations.overview(localActor)
      assert.deepEqual(
        overview.certificates.map(({ name, state }) => [name, state]),
        [['a.example.com', 'unstapled']],
      )
    },
  )

  test('says of a certificate that is revoked, and hands that out', { skip }, async (t) => {
    const responder = await answering(t)
    const issued = await issue('a.example.com', responder)
    authority.revoke(issued)
    const { stapled, gateway, line } = await start(t, [issued])
    assert.equal((await line('certificate revoked'))['level'], 'error')
    assert.equal((await stapled('a.example.com')).status, 'revoked')
    assert.match(
      await gateway.metrics.render(),
      /postern_certificate_revoked\{name="a.example.com"\} 1/,
    )
  })

  test('warns of a certificate for which nobody can be asked', { skip }, async (t) => {
    const silent = await authority.issue('a.example.com', { responder: undefined })
    const { line, gateway } = await start(t, [silent])
    const warned = await line('certificate without an OCSP answer')
    assert.match(String(warned['error']), /names nobody who gives one/)
    assert.match(
      await gateway.metrics.render(),
      /postern_ocsp_answer_late\{name="a.example.com"\} 1/,
    )
  })
})
