// What `downstream_mtls` asks of a TLS client that is not ours: OpenSSL's own, which keeps sessions and takes them up
// again whatever the gateway is about. Both runtimes answer it alike.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { CertificatePair } from '../../net/certificate.ts'
import {
  askPage,
  lacksOpenssl,
  openRsaAuthority,
  shakeHands,
  testFolder,
} from '../../net/openssl.fixture.ts'
import { bad, good, laptop, revoking, root, start } from './client-certificates.fixture.ts'

const required = { enforcement: 'reject_connection' } as const

/** What `s_client` takes to show a certificate. */
function showing(folder: string, { cert, key }: CertificatePair): readonly string[] {
  const [certFile, keyFile] = [join(folder, 'client.pem'), join(folder, 'client.key')]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
  return ['-cert', certFile, '-cert_chain', certFile, '-key', keyFile]
}

describe('a client certificate', { skip: lacksOpenssl }, () => {
  test('is asked for where the configuration says so, of these authorities', async (t) => {
    const { gateway, route } = await start(t)
    for (const version of ['-tls1_2', '-tls1_3']) {
      const { output } = await shakeHands(gateway.port, [version])
      assert.match(output, /^Acceptable client certificate CA names\nCN = Root\n/m, version)
    }
    await gateway.reload([route], { downstreamMtls: undefined })
    for (const version of ['-tls1_2', '-tls1_3']) {
      const { output } = await shakeHands(gateway.port, [version])
      assert.match(output, /^No client certificate CA names sent$/m, version)
    }
  })

  test('lets its owner in, and one that is good for nothing does not', async (t) => {
    const [{ gateway }, folder] = [await start(t, required), testFolder(t)]
    const status = async (pair?: CertificatePair): Promise<unknown> => {
      const args = pair === undefined ? [] : showing(folder, pair)
      return (await shakeHands(gateway.port, args, askPage)).status
    }
    assert.equal(await status(good), 200)
    assert.equal(await status(), undefined)
    for (const what of ['of another authority', 'expired', 'revoked', 'for servers']) {
      assert.equal(await status(bad[what]?.[0]), undefined, what)
    }
  })

  test('is believed with no key of 1024 bits and no signature over SHA-1', async (t) => {
    const folder = testFolder(t)
    const authority = await openRsaAuthority(folder)
    const { gateway } = await start(t, {
      ...required,
      ca: authority.cert,
      revocationLists: undefined,
      matchSubjectAltNames: [],
    })
    for (const [options, status, why] of [
      [{}, 200, undefined],
      [{ bits: 1024 }, undefined, 'its key is too weak'],
      [{ digest: 'sha1' }, undefined, 'its signature is too weak'],
    ] as const) {
      const pair = await authority.issue('laptop', { usage: 'clientAuth', ...options })
      const args = showing(folder, pair)
      assert.equal((await shakeHands(gateway.port, args, askPage)).status, status)
      if (why === undefined) continue
      await gateway.line((line) => line['downstream-transport-failure-reason'] === why)
    }
  })
})

for (const version of ['-tls1_2', '-tls1_3']) {
  describe(`a session that was kept, with ${version}`, { skip: lacksOpenssl }, () => {
    test('brings no certificate along, and brings none back that was revoked', async (t) => {
      const { gateway, route, mtls } = await start(t, required)
      const folder = testFolder(t)
      const [session, shown] = [join(folder, 'session.pem'), showing(folder, good)]
      const keeping = [version, '-sess_out', session, ...shown]
      assert.equal((await shakeHands(gateway.port, keeping, askPage)).status, 200)
      // Of TLS 1.3 a client may not have got one.
      const kept = [version, ...(existsSync(session) ? ['-sess_in', session] : [])]
      const bare = await shakeHands(gateway.port, kept, askPage)
      assert.deepEqual([bare.isResumed, bare.status], [false, undefined])
      assert.equal((await shakeHands(gateway.port, [...kept, ...shown], askPage)).status, 200)
      const revocationLists = await revoking(root, [good.cert])
      await gateway.reload([route], { downstreamMtls: { ...mtls, revocationLists } })
      for (const args of [kept, [...kept, ...shown]]) {
        const { isResumed, status } = await shakeHands(gateway.port, args, askPage)
        assert.deepEqual([isResumed, status], [false, undefined])
      }
    })

    test('is none from before the gateway asked for certificates', async (t) => {
      const { gateway, route, mtls } = await start(t, required)
      await gateway.reload([route], { downstreamMtls: undefined })
      const folder = testFolder(t)
      const session = join(folder, 'session.pem')
      await shakeHands(gateway.port, [version, '-sess_out', session], askPage)
      const resumed = [version, '-sess_in', session]
      assert.equal((await shakeHands(gateway.port, resumed, askPage)).isResumed, true)
      await gateway.reload([route], { downstreamMtls: mtls })
      const bare = await shakeHands(gateway.port, resumed, askPage)
      assert.deepEqual([bare.isResumed, bare.status], [false, undefined])
      const shown = showing(folder, await root.issueClient(laptop))
      const again = await shakeHands(gateway.port, [...resumed, ...shown], askPage)
      assert.deepEqual([again.isResumed, again.status], [false, 200])
    })
  })
}
