import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createCertificateAuthority } from '../net/certificate.ts'
import { freePort } from '../net/free-port.fixture.ts'
import { runProgram } from '../program.fixture.ts'
import { AuthorityFault, withAuthority } from './acme-client.ts'

const ca = await createCertificateAuthority()
const pair = await ca.issue(['127.0.0.1'])
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const accountKey = privateKey.export({ type: 'pkcs8', format: 'pem' })

type Answers = Readonly<
  Record<string, (response: ServerResponse, request: IncomingMessage) => void>
>

/** An authority with these answers by path; what was asked of it, and the origin. */
async function startAuthority(t: TestContext, answers: (origin: string) => Answers) {
  const asked: string[] = []
  const server = createServer(pair, (request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const answer = answers(origin)[path]
    if (answer === undefined) response.writeHead(404).end()
    else answer(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, asked }
}

function json(value: unknown, status = 200) {
  return (response: ServerResponse): void => {
    const headers = { 'content-type': 'application/problem+json', 'replay-nonce': 'once' }
    response.writeHead(status, headers).end(JSON.stringify(value))
  }
}

/** What becomes of asking for an account. */
async function faultOf(origin: string, answerTimeoutMs?: number): Promise<AuthorityFault> {
  const { signal } = new AbortController()
  const settings = { externalAccount: undefined, trustedCa: ca.cert, accountKey, signal }
  const options = { ...settings, accountUrl: undefined, directoryUrl: `${origin}/directory` }
  const work = withAuthority(
    { ...options, ...(answerTimeoutMs !== undefined && { answerTimeoutMs }) },
    (client) => client.createAccount({ termsOfServiceAgreed: true }),
  )
  const fault: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(fault instanceof AuthorityFault)
  return fault
}

test('why an authority cannot be reached is said', async () => {
  const { message } = await faultOf(`https://127.0.0.1:${await freePort()}`)
  assert.match(message, /cannot be asked: connect ECONNREFUSED 127\.0\.0\.1/)
})

test('what an authority says no with is one short line, whatever it has written', async (t) => {
  const { origin } = await startAuthority(t, (at) => ({
    '/directory': json({ newNonce: `${at}/nonce`, newAccount: `${at}/account` }),
    '/nonce': json({}),
    '/account': json({ type: 'of its own', detail: `\u001B[31mno${'!'.repeat(100_000)}` }, 403),
  }))
  const { message, problem } = await faultOf(origin)
  assert.match(message, /^ ?\[31mno!+/)
  assert.ok(message.length <= 501)
  assert.equal(problem?.type, 'of its own')
})

test('an authority that answers byte by byte is not waited for', async (t) => {
  const { origin } = await startAuthority(t, () => ({
    '/directory'(response, request) {
      response.writeHead(200)
      const dribble = setInterval(() => response.write(' '), 20)
      request.once('close', () => clearInterval(dribble))
    },
  }))
  const { message } = await faultOf(origin, 500)
  assert.match(message, /cannot be asked: no whole answer within 0\.5 s/)
})

test('nobody is asked whom an authority leads to, by a redirect or without TLS', async (t) => {
  const led = await startAuthority(t, (at) => ({
    '/directory'(response) {
      response.writeHead(307, { location: `${at}/elsewhere` }).end()
    },
    '/elsewhere': json({}),
  }))
  assert.match((await faultOf(led.origin)).message, /leads elsewhere, by HTTP 307/)
  assert.deepEqual(led.asked, ['/directory'])
  const plain = await startAuthority(t, () => ({
    '/directory': json({ newNonce: 'http://127.0.0.1:1/nonce', newAccount: 'http://a.example/' }),
  }))
  assert.match(
    (await faultOf(plain.origin)).message,
    /cannot be asked: it names an address that is not https: "http:\/\/127/,
  )
})

test('an answer without end is given up', async (t) => {
  const { origin } = await startAuthority(t, () => ({
    '/directory'(response) {
      response.writeHead(200, { 'content-type': 'application/json' })
      const piece = ' '.repeat(65_536)
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    },
  }))
  assert.match((await faultOf(origin)).message, /maxContentLength/)
})

test('it is loaded by itself, where nothing else was', async () => {
  const script = `await import(${JSON.stringify(import.meta.resolve('./acme-client.ts'))})`
  const ended = await runProgram(process.execPath, ['-e', script])
  assert.deepEqual([ended.code, ended.stderr], [0, ''])
})
