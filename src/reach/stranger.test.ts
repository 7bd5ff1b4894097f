import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createCertificateAuthority } from '../net/certificate.ts'
import { parseGatewayUrl } from './destination.ts'
import { createDialer, type GatewayDialer } from './dialer.ts'
import { startFakeGateway } from './fake-gateway.fixture.ts'
import { noGateway } from './heard-words.ts'
import { httpAnswer, startSmallServer, welcome } from './small-server.fixture.ts'
import { strangerAt, whoAnswers } from './stranger.ts'

const authority = await createCertificateAuthority()
const pair = await authority.issue(['localhost'])
const signal = AbortSignal.timeout(60_000)

function dialerFor(port: number, { scheme = 'https', ca = authority.cert } = {}): GatewayDialer {
  return createDialer({
    gateway: parseGatewayUrl(`${scheme}://localhost:${port}`),
    trust: { isVerified: true, extraCa: [ca], clientCertificate: undefined },
  })
}

/** What a client is told that expects TLS on the port. */
async function toldOf(t: TestContext, options: Parameters<typeof startSmallServer>[1]) {
  const port = await startSmallServer(t, options)
  const error = await dialerFor(port)
    .open(['h2', 'http/1.1'], signal)
    .then(
      () => assert.fail('it opened'),
      (error: Error & { code?: string; hint?: string }) => error,
    )
  assert.equal(error.code, 'gateway-unreachable')
  return { message: error.message.replaceAll(`${port}`, 'PORT'), hint: error.hint ?? '' }
}

test('plain HTTP on the port is told with the name of its server and page', async (t) => {
  const { message, hint } = await toldOf(t, { answer: welcome })
  assert.equal(
    message,
    'the gateway "localhost:PORT" does not speak TLS: a web server ("nginx/1.24.0", "Welcome to nginx!") answers there with status 404',
  )
  assert.match(hint, /^check the port; the gateway's is usually 443; .*"http:\/\/localhost:\d+"$/)
})

for (const [name, banner, words] of [
  [
    'SSH',
    'SSH-2.0-OpenSSH_9.6p1 Debian-3\r\n',
    'an SSH server answers there ("SSH-2.0-OpenSSH_9.6p1 Debian-3")',
  ],
  [
    'SMTP',
    '220 mail.example.com ESMTP Postfix\r\n',
    'an SMTP server answers there ("220 mail.example.com ESMTP Postfix")',
  ],
  ['VNC', 'RFB 003.008\n', 'a VNC server answers there ("RFB 003.008")'],
  [
    'MySQL',
    Buffer.from('4a0000000a382e302e33360008000000', 'hex'),
    'a MySQL server answers there ("8.0.36")',
  ],
  [
    'nobody knows what',
    'hello, who are you?\n',
    'something that is no web server answers there ("hello, who are you?")',
  ],
] as const) {
  test(`a server that speaks first is told by what it says: ${name}`, async (t) => {
    const { message, hint } = await toldOf(t, { banner })
    assert.equal(message, `the gateway "localhost:PORT" does not speak TLS: ${words}`)
    assert.match(hint, /check the port/)
  })
}

test('what a stranger says of itself moves no cursor, is one line, and is short', async (t) => {
  const { message } = await toldOf(t, {
    answer: httpAnswer(
      200,
      { Server: 'a\u001b[2J\u202e"b' },
      `<title>x\n${'y'.repeat(500)}</title>`,
    ),
  })
  assert.match(message, /\("a \[2J.*'b", "x y{78}…"\)/)
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(message, /[\0-\x1f\u202e]/)
})

test('another HTTPS server is told, with what it is, and how it is reached stays out of it', async (t) => {
  const stranger = await strangerAt(
    dialerFor(await startSmallServer(t, { pair, answer: welcome })),
    signal,
  )
  assert.match(
    stranger?.message ?? '',
    /^"https:\/\/localhost:\d+" is no gateway: a web server \("nginx\/1\.24\.0", "Welcome to nginx!"\) answers there with status 404$/,
  )
  assert.match(stranger?.hint ?? '', /the port is usually 443/)
})

test('an edge whose gateway is away is told by what it says', async (t) => {
  const away = httpAnswer(503, { Server: 'envoy' }, 'no healthy upstream')
  const port = await startSmallServer(t, { pair, answer: away })
  const stranger = await strangerAt(dialerFor(port), signal)
  assert.match(stranger?.message ?? '', /a web server \("envoy"\) answers there with status 503/)
  assert.match(stranger?.hint ?? '', /cannot reach it now: try again/)
})

test('a TLS server that speaks another protocol is told by its first line', async (t) => {
  const port = await startSmallServer(t, { pair, banner: '* OK [CAPABILITY IMAP4rev1] ready\r\n' })
  const stranger = await strangerAt(dialerFor(port), signal)
  assert.match(stranger?.message ?? '', /is no gateway: an IMAP server answers there \("\* OK/)
})

test('whoever is silent, or ends the connection, is not given a name', async (t) => {
  for (const options of [{ pair }, { pair, ends: true }]) {
    const port = await startSmallServer(t, options)
    const who = await whoAnswers(dialerFor(port), signal, 300)
    assert.equal(who.kind, options.ends === true ? 'end' : 'silence')
    assert.equal(noGateway(parseGatewayUrl('https://gateway.test'), who), undefined)
  }
})

test('a gateway is known, ours and a stock Pomerium, with and without TLS', async (t) => {
  await using gateway = await startFakeGateway()
  const ours = dialerFor(gateway.port, { ca: gateway.ca })
  assert.deepEqual(await whoAnswers(ours, signal), { kind: 'postern' })
  assert.equal(await strangerAt(ours, signal), undefined)
  const pomerium = (asked: string): string =>
    asked.startsWith('GET /.well-known/pomerium ')
      ? httpAnswer(200, {}, '{"issuer":"https://x/","jwks_uri":"https://x/jwks"}')
      : httpAnswer(404, {}, 'not found')
  const port = await startSmallServer(t, { answer: pomerium })
  assert.deepEqual(await whoAnswers(dialerFor(port, { scheme: 'http' }), signal), {
    kind: 'pomerium',
  })
})
