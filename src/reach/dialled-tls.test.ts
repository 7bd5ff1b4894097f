// How our own TLS client looks to a gateway, and which servers it refuses: the same on both runtimes. The server is
// OpenSSL's, with none of its limits.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import { AppError } from '../errors.ts'
import { testCertificate } from '../gateway/gateway.fixture.ts'
import { createCertificateAuthority, type CertificatePair } from '../net/certificate.ts'
import { lacksOpenssl, openRsaAuthority, testFolder } from '../net/openssl.fixture.ts'
import type { RsaAuthority } from '../net/openssl.fixture.ts'
import { spawnProgram } from '../program.fixture.ts'
import { parseGatewayUrl } from './destination.ts'
import { createDialer } from './dialer.ts'
import { readClientHello, type ClientHello } from './client-hello.fixture.ts'

/** Dials a gateway as every command does, believing these authorities, or those of this machine. */
async function dial(host: string, port: number, ca?: string): Promise<string> {
  const dialer = createDialer({
    gateway: parseGatewayUrl(`https://${host}:${port}`),
    trust: {
      isVerified: true,
      extraCa: ca === undefined ? [] : [ca],
      clientCertificate: undefined,
    },
  })
  const { socket, protocol } = await dialer.open(['h2', 'http/1.1'])
  socket.destroy()
  return protocol
}

describe('what our client offers', () => {
  test('names the gateway, and no address', async (t) => {
    assert.equal((await helloTo(t, 'localhost')).serverName, 'localhost')
    assert.equal((await helloTo(t, '127.0.0.1')).serverName, undefined)
  })

  test('is TLS 1.3 and 1.2, HTTP/2 and HTTP/1.1, and X25519MLKEM768 first', async (t) => {
    const hello = await helloTo(t, 'localhost')
    assert.deepEqual(hello.versions, [0x0304, 0x0303])
    assert.deepEqual(hello.protocols, ['h2', 'http/1.1'])
    assert.equal(hello.groups[0], 0x11ec)
    assert.deepEqual(hello.keyShares, [0x11ec, 0x001d])
  })

  test('has nothing that is broken: RC4, 3DES, no key or no cipher, SHA-1', async (t) => {
    const { suites, signatures } = await helloTo(t, 'localhost')
    // Those below 0x2f are DES, RC4, NULL and EXPORT; the others are NULL, RC4, 3DES and anonymous.
    const broken = [0x34, 0x3a, 0x3b, 0x6c, 0x6d, 0x8a, 0x8b, 0xa6, 0xa7, 0xc006, 0xc007, 0xc008]
    broken.push(0xc010, 0xc011, 0xc012, 0xc015, 0xc016, 0xc017, 0xc018, 0xc019)
    assert.ok(suites.includes(0x1301) && suites.includes(0xc02b))
    assert.deepEqual(
      suites.filter((suite) => suite < 0x2f || broken.includes(suite)),
      [],
    )
    assert.ok(signatures.includes(0x0403) && signatures.includes(0x0807))
    assert.deepEqual(
      signatures.filter((one) => one < 0x0300),
      [],
    )
  })
})

/** The first message of our client to a gateway of this name. */
async function helloTo(t: TestContext, host: string): Promise<ClientHello> {
  const server = createServer((socket) => socket.on('error', () => undefined))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const hello = new Promise<ClientHello>((resolve) =>
    server.once('connection', (socket) => {
      let bytes = Buffer.alloc(0)
      socket.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk])
        const read = readClientHello(bytes)
        if (read === undefined) return
        resolve(read)
        socket.destroy()
      })
    }),
  )
  const { port } = server.address() as AddressInfo
  const [read] = await Promise.all([hello, assert.rejects(dial(host, port))])
  return read
}

describe('our client refuses', { skip: lacksOpenssl }, () => {
  const folder = testFolder({ after })
  let rsa: RsaAuthority
  let whole: CertificatePair
  before(async () => {
    rsa = await openRsaAuthority(folder)
    whole = await rsa.issue('localhost')
  })

  test('nothing of a gateway whose certificate is whole', async (t) => {
    for (const version of ['-tls1_2', '-tls1_3']) {
      const port = await serve(t, folder, whole, [version, '-alpn', 'h2'])
      assert.equal(await dial('localhost', port, rsa.cert), 'h2')
    }
  })

  test('versions before 1.2', async (t) => {
    for (const version of ['-tls1', '-tls1_1']) {
      const port = await serve(t, folder, whole, [version])
      await assert.rejects(dial('localhost', port, rsa.cert), { code: 'gateway-unreachable' })
    }
  })

  test('a certificate that proves nothing', async (t) => {
    const authority = await createCertificateAuthority()
    const past = new Date(Date.now() - 60_000)
    const future = new Date(Date.now() + 3_600_000)
    for (const [make, ca, why] of [
      [() => authority.issue(['other.test']), authority.cert, /another name/],
      [() => authority.issue(['127.0.0.1']), authority.cert, /another name/],
      [() => authority.issue(['localhost'], { notAfter: past }), authority.cert, /has expired/],
      [
        () => authority.issue(['localhost'], { notBefore: future }),
        authority.cert,
        /not valid yet/,
      ],
      [() => authority.issue(['localhost']), rsa.cert, /does not know/],
      [() => authority.issue(['localhost']), undefined, /does not know/],
      [
        () => authority.issueClient({ name: '', dns: ['localhost'] }),
        authority.cert,
        /not for servers/,
      ],
      [() => rsa.issue('localhost', { bits: 1024 }), rsa.cert, /too weak/],
      [() => rsa.issue('localhost', { digest: 'sha1' }), rsa.cert, /too weak/],
    ] as const) {
      const port = await serve(t, folder, await make())
      await assert.rejects(dial('localhost', port, ca), (error) => {
        assert.ok(error instanceof AppError)
        assert.match(error.message, why)
        assert.equal(error.code, 'gateway-not-trusted')
        return true
      })
    }
  })

  test('one that signed itself, unless it is given', async (t) => {
    const port = await serve(t, folder, { cert: rsa.cert, key: rsa.key })
    await assert.rejects(dial('localhost', port), {
      code: 'gateway-not-trusted',
      message: /itself/,
    })
    await assert.rejects(dial('localhost', port, testCertificate.cert), /itself/)
    assert.equal(await dial('localhost', port, rsa.cert), 'http/1.1')
  })
})

/** `openssl s_server` with a certificate, until the end of the test; its port. */
async function serve(
  t: TestContext,
  folder: string,
  { cert, key }: CertificatePair,
  args: readonly string[] = [],
): Promise<number> {
  const [certFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
  const pair = ['-cert', certFile, '-key', keyFile, '-cipher', 'ALL:@SECLEVEL=0']
  const server = spawnProgram('openssl', ['s_server', '-accept', '127.0.0.1:0', ...pair, ...args])
  t.after(() => server.kill())
  let text = ''
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    const [, port] = /^ACCEPT 127\.0\.0\.1:(\d+)$/m.exec(text) ?? []
    if (port !== undefined) {
      server.stdout.resume()
      return Number(port)
    }
  }
  throw new Error(`openssl s_server: ${text}`)
}
