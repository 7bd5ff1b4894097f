import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import * as tls from 'node:tls'
import type { CertificateAuthority } from '../net/certificate.ts'
import { freePort } from '../net/free-port.fixture.ts'
import { openPreflight, type RunPreflight } from './preflight.fixture.ts'

let folder: string
let authority: CertificateAuthority
let run: RunPreflight

before(async () => {
  ;({ folder, authority, run } = await openPreflight())
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  await writeFile(join(folder, 'hook.secret'), secret, { mode: 0o600 })
  const { cert, key } = await authority.issueClient({ name: 'gateway' })
  await writeFile(join(folder, 'client.crt'), cert)
  await writeFile(join(folder, 'client.key'), key, { mode: 0o600 })
})

after(() => rm(folder, { recursive: true, force: true }))

/** A receiver that speaks TLS, and what it was sent. */
async function startReceiver(t: TestContext, options: tls.TlsOptions = {}) {
  const pair = await authority.issue(['localhost'])
  let received = 0
  const server = tls.createServer({ ...pair, ...options }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => (received += chunk.length))
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, received: () => received }
}

async function tried(entries: readonly string[], timeoutMs = 5_000) {
  const list = entries.map((entry) => `  - {${entry}}`)
  const checks = await run({ more: ['audit_forward:', ...list].join('\n') }, { timeoutMs })
  return checks.filter(({ what }) => what === 'destination')
}

describe('a destination of the audit log', () => {
  test('that takes a connection is fine, and gets no byte of a record', async (t) => {
    const { port, received } = await startReceiver(t)
    const plain = createServer((socket) => {
      socket.on('error', () => undefined).on('data', (sent) => assert.fail(String(sent)))
    }).listen(0, '127.0.0.1')
    await once(plain, 'listening')
    t.after(() => plain.close())
    const { port: plainPort } = plain.address() as AddressInfo
    const hook = 'secret_file: hook.secret'
    const checks = await tried([
      `name: siem, syslog: {address: "localhost:${port}", ca_file: ca.pem}`,
      `name: hook, webhook: {url: "https://localhost:${port}/T0/a-secret-path", ca_file: ca.pem, ${hook}}`,
      `name: here, webhook: {url: "http://127.0.0.1:${plainPort}/", ${hook}}`,
    ])
    assert.deepEqual(
      checks.map(({ verdict, target, detail }) => [verdict, target, detail]),
      [
        [
          'ok',
          `localhost:${port}`,
          'answers, and its certificate is good, for destination "siem" of "audit_forward"',
        ],
        [
          'ok',
          `localhost:${port}`,
          'answers, and its certificate is good, for destination "hook" of "audit_forward"',
        ],
        ['ok', `127.0.0.1:${plainPort}`, 'answers, for destination "here" of "audit_forward"'],
      ],
    )
    assert.equal(received(), 0)
  })

  test('that is away, for somebody else or of an unknown authority is told with its name', async (t) => {
    const { port } = await startReceiver(t)
    const closed = await freePort()
    const hook = `webhook: {url: "https://127.0.0.1:${closed}/a-secret-path", secret_file: hook.secret}`
    const checks = await tried([
      `name: away, syslog: {address: "127.0.0.1:${closed}"}`,
      `name: hook, ${hook}`,
      `name: strange, syslog: {address: "localhost:${port}"}`,
      `name: other, syslog: {address: "localhost:${port}", ca_file: ca.pem, server_name: logs.example.com}`,
    ])
    assert.deepEqual(
      checks.map(({ verdict, code }) => [verdict, code]),
      [
        ['failed', 'destination-unreachable'],
        ['failed', 'destination-unreachable'],
        ['failed', 'destination-not-trusted'],
        ['failed', 'destination-not-trusted'],
      ],
    )
    const [away, unheard, strange, other] = checks
    assert.match(away?.detail ?? '', /refused the connection.*, for destination "away"/)
    assert.match(away?.hint ?? '', /mend its "address"$/)
    assert.match(unheard?.hint ?? '', /mend its "url"$/)
    assert.match(strange?.hint ?? '', /as "ca_file"$/)
    assert.match(other?.hint ?? '', /as "server_name"$/)
    assert.doesNotMatch(JSON.stringify(checks), /a-secret-path|whsec_/)
  })

  test('that takes nobody without a certificate says so only after the handshake', async (t) => {
    const options = { requestCert: true, ca: authority.cert }
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { port } = await startReceiver(t, { ...options, maxVersion })
      const syslog = `address: "localhost:${port}", ca_file: ca.pem`
      const own = 'certificate_file: client.crt, certificate_key_file: client.key'
      const [none, shown] = await tried([
        `name: none, syslog: {${syslog}}`,
        `name: shown, syslog: {${syslog}, ${own}}`,
      ])
      assert.equal(none?.verdict, 'failed', maxVersion)
      assert.match(none.hint ?? '', /certificate_file/)
      assert.equal(shown?.verdict, 'ok', maxVersion)
    }
  })

  test('that speaks something else than TLS is told so', async (t) => {
    const plain = createHttpServer((_, response) => void response.end('hello'))
    plain.listen(0, '127.0.0.1')
    await once(plain, 'listening')
    t.after(() => plain.close())
    const { port } = plain.address() as AddressInfo
    const [found] = await tried([
      `name: plain, webhook: {url: "https://127.0.0.1:${port}/", secret_file: hook.secret}`,
    ])
    assert.equal(
      found?.detail,
      `"127.0.0.1:${port}" does not speak TLS, for destination "plain" of "audit_forward"`,
    )
    assert.match(found.hint ?? '', /mend the port of its "url"/)
  })

  test('that says nothing is given up', async (t) => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume())
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    t.after(() => silent.close())
    const { port } = silent.address() as AddressInfo
    const [found] = await tried([`name: mute, syslog: {address: "127.0.0.1:${port}"}`], 200)
    assert.equal(found?.verdict, 'failed')
    assert.match(found.detail, /no answer in 0\.2 s, for destination "mute"/)
    assert.match(found.hint ?? '', /mend its "address".*without TLS/)
  })
})
