import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { startResponder, type Responder } from '../../src/net/ocsp/ocsp.fixture.ts'
import { openssl, shakeHands } from '../../src/net/openssl.fixture.ts'
import { posternOnNode } from '../postern-program.ts'
import { acmePeers, startAcmeRig } from './acme-rig.ts'
import type { Pebble } from './peers/pebble.ts'
import { maxBulkTestMs, peerTest } from './peers.ts'
import type { Scope } from './scope.ts'

const host = 'db.example.test'

interface Stapled {
  readonly serial: string
  readonly hasFeature: boolean
  /** Of the certificate in the answer; undefined where none was handed out. */
  readonly status: string | undefined
}

/** Longest wait for a certificate that was taken over to be shown, in milliseconds. */
const maxReplaceMs = 10_000

/** What `openssl s_client` is shown. It verifies the answer by the authority. */
async function stapled(scope: Scope, port: number, pebble: Pebble): Promise<Stapled> {
  const root = join(scope.directory, 'root.pem')
  await writeFile(root, await pebble.root())
  const args = ['-servername', host, '-status', '-CAfile', root, '-showcerts']
  const { output } = await shakeHands(port, args)
  assert.match(output, /Verify return code: 0 \(ok\)/)
  // The answer, which comes first, has certificates as well.
  const chain = output.slice(output.indexOf('Certificate chain'))
  const [leaf = ''] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(chain) ?? []
  const text = await openssl(['x509', '-noout', '-serial', '-ext', 'tlsfeature'], leaf)
  return {
    serial: /serial=(\w+)/.exec(text)?.[1] ?? '',
    hasFeature: text.includes('status_request'),
    status: /Cert Status: (\w+)/.exec(output)?.[1],
  }
}

/** The same once another certificate is shown: what is logged is logged a moment before newcomers are shown it. */
async function stapledAnew(
  scope: Scope,
  port: number,
  pebble: Pebble,
  former: Stapled,
): Promise<Stapled> {
  const deadlineMs = performance.now() + maxReplaceMs
  for (;;) {
    const shown = await stapled(scope, port, pebble)
    if (shown.serial !== former.serial || performance.now() > deadlineMs) return shown
  }
}

/** Has OpenSSL answer for the authority. `isRevoked`: of a serial number; everything else is good. */
async function answerFor(
  scope: Scope,
  responder: Responder,
  pebble: Pebble,
  isRevoked: (serial: string) => boolean,
): Promise<void> {
  const place = (name: string): string => join(scope.directory, name)
  const { cert, key } = await pebble.issuer()
  await writeFile(place('issuer.pem'), cert)
  await writeFile(place('issuer.key'), key)
  let count = 0
  responder.respond(async (request) => {
    count += 1
    const [asked, answer, list] = ['request', 'answer', 'index'].map((name) =>
      place(`${count}.${name}`),
    ) as [string, string, string]
    await writeFile(asked, request)
    const text = await openssl(['ocsp', '-reqin', asked, '-req_text'])
    const serial = /Serial Number: (\w+)/.exec(text)?.[1] ?? ''
    const state = isRevoked(serial) ? 'R\t401231235959Z\t260101000000Z' : 'V\t401231235959Z\t'
    await writeFile(list, `${state}\t${serial}\tunknown\t/CN=any\n`)
    const signer = ['-rsigner', place('issuer.pem'), '-rkey', place('issuer.key')]
    const files = ['-index', list, '-CA', place('issuer.pem'), '-reqin', asked, '-respout', answer]
    await openssl(['ocsp', ...files, ...signer, '-nmin', '60'])
    return readFile(answer)
  })
}

describe('must-staple certificates of a real ACME server', () => {
  peerTest(
    'are asked for once that is set, stapled, and stapled after a restart without a responder',
    [...acmePeers, 'OpenSSL'],
    async (scope) => {
      const responder = await startResponder({ after: (end) => scope.defer(end) })
      const rig = await startAcmeRig(
        scope,
        {},
        // An executable refuses to.
        { ocspResponderUrl: responder.url, command: posternOnNode },
      )
      const { port, pebble } = rig
      await answerFor(scope, responder, pebble, () => false)

      const plain = await rig.start()
      await plain.says(/"message":"certificate fetched"/)
      const first = await stapled(scope, port, pebble)
      assert.deepEqual([first.hasFeature, first.status], [false, undefined])
      plain.signal('SIGTERM')
      await plain.ended
      // Nobody has asked for it.
      assert.equal(responder.asked.length, 0)

      const second = await rig.start({ autocert_must_staple: true })
      await second.says(/"message":"certificate renewed"/)
      await second.says(/"message":"OCSP answer fetched"/)
      const good = await stapledAnew(scope, port, pebble, first)
      assert.deepEqual([good.hasFeature, good.status], [true, 'good'])
      assert.notEqual(good.serial, first.serial)
      assert.equal(responder.asked.length, 1)
      second.signal('SIGTERM')
      await second.ended

      // The responder is down.
      responder.respond(() => (response) => void response.writeHead(503).end())
      const third = await rig.start({ autocert_must_staple: true })
      assert.deepEqual(await stapled(scope, port, pebble), good)
      third.signal('SIGTERM')
      await third.ended
      assert.equal(responder.asked.length, 1)
    },
    maxBulkTestMs,
  )

  peerTest(
    'that are revoked are fetched anew at once',
    [...acmePeers, 'OpenSSL'],
    async (scope) => {
      const responder = await startResponder({ after: (end) => scope.defer(end) })
      const rig = await startAcmeRig(
        scope,
        { autocert_must_staple: true },
        { ocspResponderUrl: responder.url, command: posternOnNode },
      )
      const { port, pebble } = rig
      const asked: string[] = []
      await answerFor(scope, responder, pebble, (serial) => {
        asked.push(serial)
        return serial === asked[0]
      })
      const child = await rig.start()
      const [line] = await child.says(/[^\n]*"message":"certificate revoked"/)
      assert.match(line, /"level":"error"/)
      await child.says(/"message":"certificate renewed"/)
      await child.says(/"message":"OCSP answer fetched"/)
      const { status, serial } = await stapled(scope, port, pebble)
      assert.equal(status, 'good')
      assert.ok(asked.length === 2 && serial === asked[1], asked.join())
    },
    maxBulkTestMs,
  )
})
