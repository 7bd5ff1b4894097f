import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { silentLogger } from '../log.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import { parseGatewayUrl } from '../reach/destination.ts'
import { httpAnswer, startSmallServer, welcome } from '../reach/small-server.fixture.ts'
import { createGatewayClient } from './gateway-client.ts'
import { fetchRoutes } from './routes/fetch-routes.ts'
import type { SignInOptions } from './sign-in/credentials-of.ts'
import { logIn } from './sign-in/login.ts'

const authority = await createCertificateAuthority()
const pair = await authority.issue(['localhost'])

/** What each command is told of a server in place of the gateway: that of a tunnel, of a sign-in, of a list. */
async function toldBy(t: TestContext, server: Parameters<typeof startSmallServer>[1]) {
  const port = await startSmallServer(t, server)
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'postern-'))
  t.after(() => rm(cacheDirectory, { recursive: true }))
  const options: SignInOptions = {
    gateway: parseGatewayUrl(`https://localhost:${port}`),
    trust: { isVerified: true, extraCa: [authority.cert], clientCertificate: undefined },
    presentSignIn: () => assert.fail('nobody signs in at a stranger'),
    log: silentLogger,
    cacheDirectory,
  }
  const signal = AbortSignal.timeout(60_000)
  const client = createGatewayClient(options)
  t.after(() => client.destroy())
  const asked = [
    client.open('db:5432', signal),
    logIn(options, signal),
    fetchRoutes(options, signal),
  ]
  const told = await Promise.allSettled(asked)
  return told.map((one) => {
    assert.equal(one.status, 'rejected')
    const { code, message } = one.reason as Error & { code?: string }
    return `${code}: ${message.replaceAll(`${port}`, 'PORT')}`
  })
}

const name = 'a web server ("nginx/1.24.0", "Welcome to nginx!") answers there with status 404'

for (const [what, server, words] of [
  [
    'plain HTTP',
    { answer: welcome },
    `gateway-unreachable: the gateway "localhost:PORT" does not speak TLS: ${name}`,
  ],
  [
    'another HTTPS server',
    { pair, answer: welcome },
    `not-a-gateway: "https://localhost:PORT" is no gateway: ${name}`,
  ],
  [
    'one that sends elsewhere to sign in',
    { pair, answer: httpAnswer(302, { Location: 'https://login.example.com/', Server: 'IIS' }) },
    'not-a-gateway: "https://localhost:PORT" is no gateway: a web server ("IIS") answers there with status 302',
  ],
  [
    'one that forbids it',
    { pair, answer: httpAnswer(403, { Server: 'cloudfront' }, '<title>Forbidden</title>') },
    'not-a-gateway: "https://localhost:PORT" is no gateway: a web server ("cloudfront", "Forbidden") answers there with status 403',
  ],
  [
    'another protocol over TLS',
    { pair, banner: '+OK POP3 ready\r\n' },
    'not-a-gateway: "https://localhost:PORT" is no gateway: a POP3 server answers there ("+OK POP3 ready")',
  ],
  [
    'SSH',
    { banner: 'SSH-2.0-OpenSSH_9.6\r\n' },
    'gateway-unreachable: the gateway "localhost:PORT" does not speak TLS: an SSH server answers there ("SSH-2.0-OpenSSH_9.6")',
  ],
  [
    'one that hangs up',
    { pair, ends: true },
    'gateway-unreachable: the gateway gave no answer: it ended the connection',
  ],
] as const) {
  test(`in place of a gateway, ${what} is named by every command`, async (t) => {
    assert.deepEqual(new Set(await toldBy(t, server)), new Set([words]))
  })
}
