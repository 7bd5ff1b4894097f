// What the port says in TLS, seen by OpenSSL's own client: the same on both runtimes, or the difference named.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { before, after, describe, test, type TestContext } from 'node:test'
import { connectTls, testCertificate } from '../gateway/gateway.fixture.ts'
import { isBun } from '../is-bun.ts'
import type { CertificatePair } from '../net/certificate.ts'
import {
  askPage,
  openRsaAuthority,
  lacksOpenssl,
  openssl,
  renegotiate,
  shakeHands,
  testFolder,
} from '../net/openssl.fixture.ts'
import { watchServerHello } from '../net/server-hello.ts'
import { withEarlyData } from './early-data.fixture.ts'
import { createTestPeers } from './peers/peers.fixture.ts'
import { openTestPort, type TestPortOptions } from './port.fixture.ts'
import { createTlsContexts } from './tls-contexts.ts'

/** A port that answers every page; its number. */
async function open(t: TestContext, options: TestPortOptions = {}): Promise<number> {
  const handlers: TestPortOptions['handlers'] = {
    request: (_request, response) => void response.end('page'),
  }
  const { address } = await openTestPort(t, { handlers, ...options })
  return address.port
}

/** One after the other, of these and fewer each time, the suites that a port chooses, until it chooses none. */
async function suitesOf(
  port: number,
  offered: readonly string[],
  argsFor: (suites: string) => readonly string[],
): Promise<readonly string[]> {
  const chosen: string[] = []
  for (;;) {
    const left = offered.filter((suite) => !chosen.includes(suite))
    if (left.length === 0) return chosen
    const { suite } = await shakeHands(port, argsFor(left.join(':')))
    if (suite === undefined) return chosen
    assert.ok(left.includes(suite))
    chosen.push(suite)
  }
}

describe('the TLS of the port', { skip: lacksOpenssl }, () => {
  const folder = testFolder({ after })
  let rsa: CertificatePair
  before(async () => {
    rsa = await (await openRsaAuthority(folder)).issue('rsa.test')
  })

  test('is 1.2 or 1.3, and nothing older', async (t) => {
    const port = await open(t)
    assert.equal((await shakeHands(port, ['-tls1_2'])).version, 'TLSv1.2')
    assert.equal((await shakeHands(port, ['-tls1_3'])).version, 'TLSv1.3')
    for (const version of ['-tls1', '-tls1_1']) {
      const old = await shakeHands(port, [version])
      assert.deepEqual([old.version, old.alert], [undefined, 'protocol version'], version)
    }
    const [record, level, description] = alertIn(await answerTo(t, port, helloOf([3, 0])))
    assert.deepEqual([record, level], [21, 2], 'an alert, which is fatal')
    assert.ok(description === 70 || description === 40, `${description}`)
  })

  test('1.2 has forward secrecy and AEAD alone, in our order, whatever a client prefers', async (t) => {
    const port = await open(t, { contexts: createTlsContexts([testCertificate, rsa]) })
    const listed = await openssl(['ciphers', '-tls1_2', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'])
    // What OpenSSL would choose comes last in ours.
    const all = listed
      .trim()
      .split(':')
      .filter((suite) => !suite.startsWith('TLS_'))
      .toReversed()
    assert.ok(all.includes('AES128-SHA') && all.includes('ECDHE-RSA-AES256-SHA384'))
    for (const [name, key] of [
      ['localhost', 'ECDSA'],
      ['rsa.test', 'RSA'],
    ] as const) {
      const args = (suites: string): string[] => [
        '-servername',
        name,
        '-tls1_2',
        '-cipher',
        `${suites}:@SECLEVEL=0`,
      ]
      assert.deepEqual(await suitesOf(port, all, args), [
        `ECDHE-${key}-AES128-GCM-SHA256`,
        `ECDHE-${key}-AES256-GCM-SHA384`,
        `ECDHE-${key}-CHACHA20-POLY1305`,
      ])
    }
  })

  test('1.3 has the same three suites on both runtimes, of which Bun leaves the choice to clients', async (t) => {
    const port = await open(t)
    const ours = [
      'TLS_AES_128_GCM_SHA256',
      'TLS_AES_256_GCM_SHA384',
      'TLS_CHACHA20_POLY1305_SHA256',
    ]
    const offered = ['TLS_AES_128_CCM_8_SHA256', 'TLS_AES_128_CCM_SHA256', ...ours.toReversed()]
    const args = (suites: string): string[] => ['-tls1_3', '-ciphersuites', suites]
    const chosen = await suitesOf(port, offered, args)
    assert.deepEqual(isBun ? chosen.toSorted() : chosen, ours)
  })

  test('is proved by no signature over SHA-1', async (t) => {
    const port = await open(t, { contexts: createTlsContexts([testCertificate, rsa]) })
    for (const [name, key] of [
      ['localhost', 'ECDSA'],
      ['rsa.test', 'RSA'],
    ] as const) {
      const args = ['-servername', name, '-tls1_2', '-sigalgs']
      assert.equal((await shakeHands(port, [...args, `${key}+SHA256`])).version, 'TLSv1.2')
      const weak = await shakeHands(port, [...args, `${key}+SHA1`])
      assert.deepEqual([weak.version, weak.alert], [undefined, 'handshake failure'], name)
    }
  })

  test('exchanges keys by what a client has, and by no weak curve', async (t) => {
    const port = await open(t)
    for (const group of ['X25519', 'P-256', 'P-384']) {
      assert.equal(
        (await shakeHands(port, ['-tls1_3', '-groups', group])).version,
        'TLSv1.3',
        group,
      )
    }
    for (const group of ['secp224r1', 'secp256k1']) {
      assert.equal(
        (await shakeHands(port, ['-tls1_2', '-groups', group])).version,
        undefined,
        group,
      )
    }
  })

  test('is HTTP/2 or HTTP/1.1 by ALPN, and nothing else', async (t) => {
    const port = await open(t)
    for (const [offered, chosen] of [
      ['http/1.1,h2', 'h2'],
      ['h2', 'h2'],
      ['http/1.1,spdy/3', 'http/1.1'],
    ] as const) {
      const { output } = await shakeHands(port, ['-alpn', offered])
      assert.equal(/^ALPN protocol: (.+)$/m.exec(output)?.[1], chosen)
    }
    const none = await shakeHands(port, [], askPage)
    assert.match(none.output, /^No ALPN negotiated$/m)
    assert.equal(none.status, 200)
    assert.equal((await shakeHands(port, ['-alpn', 'spdy/3'])).alert, 'no application protocol')
  })

  for (const version of ['-tls1_2', '-tls1_3']) {
    test(`of a session that is resumed is no new handshake, with ${version}`, async (t) => {
      const [port, file] = [await open(t), join(folder, `session${version}.pem`)]
      const first = await shakeHands(port, [version, '-sess_out', file], askPage)
      assert.deepEqual([first.isResumed, first.status], [false, 200])
      const again = await shakeHands(port, [version, '-sess_in', file], askPage)
      assert.deepEqual([again.isResumed, again.status], [true, 200])
    })
  }

  test('takes nothing before its handshake is done (0-RTT)', async (t) => {
    const [session, forged, early] = ['session.pem', 'forged.pem', 'early'].map((name) =>
      join(folder, name),
    ) as [string, string, string]
    const asked: unknown[] = []
    const port = await open(t, {
      handlers: {
        request: ({ url }, response) => {
          asked.push(url)
          response.end('page')
        },
      },
    })
    const first = await shakeHands(port, ['-tls1_3', '-sess_out', session], askPage)
    assert.match(first.output, /Max Early Data: 0$/m)
    writeFileSync(forged, withEarlyData(readFileSync(session, 'utf8')))
    writeFileSync(early, 'GET /early HTTP/1.1\r\nHost: a\r\n\r\n')
    const args = ['-tls1_3', '-sess_in', forged, '-early_data', early]
    const second = await shakeHands(port, args, askPage)
    assert.match(second.output, /^Early data was rejected$/m)
    assert.equal(second.status, 200)
    assert.deepEqual(asked, ['/healthz', '/healthz'])
  })

  for (const protocol of ['http/1.1', 'h2'] as const) {
    test(`is negotiated once: whoever asks again over ${protocol} is cut off`, async (t) => {
      const { promise: ended, resolve: end } = Promise.withResolvers<string>()
      const peers = createTestPeers({ report: (cause, ip) => end(`${cause} ${ip}`) })
      const port = await open(t, { peers })
      const { version, output } = await renegotiate(port, ['-alpn', protocol])
      assert.equal(version, 'TLSv1.2')
      assert.match(output, /RENEGOTIATING/)
      assert.equal(await ended, 'renegotiation 127.0.0.1')
    })
  }
})

test('the key exchange is X25519MLKEM768 with every client that offers it', async (t) => {
  const port = await open(t)
  const connection = connect(port, '127.0.0.1')
  const watched = watchServerHello(connection)
  const socket = await connectTls(port, ['h2'], { socket: watched.stream })
  assert.equal(watched.keyExchange(), 'X25519MLKEM768')
  socket.destroy()
})

/** A ClientHello of this version and no later one, without extensions: with suites of RSA and of ECDHE. */
function helloOf(version: readonly [number, number]): Buffer {
  const suites = [
    0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x0a, 0xc0, 0x14, 0x00, 0x2f, 0x00, 0x35, 0x00, 0x0a,
  ]
  const body = Buffer.from([
    ...version,
    ...Buffer.alloc(32, 1),
    0,
    0,
    suites.length,
    ...suites,
    1,
    0,
  ])
  const message = Buffer.concat([Buffer.from([1, 0, 0, body.length]), body])
  return Buffer.concat([Buffer.from([22, ...version, 0, message.length]), message])
}

async function answerTo(t: TestContext, port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  t.after(() => socket.destroy())
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(bytes)
  await once(socket, 'close')
  return Buffer.concat(chunks)
}

/** The kind of a record, and the level and description of an alert in it. */
function alertIn(record: Buffer): readonly (number | undefined)[] {
  return [record[0], record[5], record[6]]
}
