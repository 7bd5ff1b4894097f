import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { duplexPair, type Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { untilCollected, watchCollected } from '../collected.fixture.ts'
import type { ConnectRequest } from './connect-request.ts'
import { serveConnect } from './connect.ts'
import {
  connectHead,
  connectTls,
  echo,
  exchangeHttp1,
  startService,
  startTestGateway,
  testCa,
  testRoute,
  testSession,
  type TestGateway,
} from './gateway.fixture.ts'
import { freePort } from '../net/free-port.fixture.ts'
import { isRefusalKnown } from '../net/runtime.ts'
import { combinePolicies } from '../policy/named/combine.ts'
import { parseNamedPolicy } from '../policy/named/parse-named-policy.ts'

const onlyAlice = [{ allow: { or: [{ email: { is: 'alice@example.com' } }] } }]
const json = 'Accept: application/json'

/** One CONNECT, and its whole answer: what was refused ends by itself, what was accepted is ended by us. */
interface Attempt {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}
type Open = (
  port: number,
  authority: string,
  fields?: readonly string[],
  send?: string,
) => Promise<Attempt>

for (const [name, open] of Object.entries({
  'HTTP/1.1': openHttp1,
  'HTTP/2': openHttp2,
} satisfies Record<string, Open>)) {
  describe(`CONNECT over ${name}`, () => {
    test('reaches the upstream of a public route', async () => {
      await using service = await startService(echo)
      await using gateway = await startTestGateway([
        testRoute('tcp+https://echo.example.com:7', [service.port]),
      ])
      const { status, body } = await open(gateway.port, 'echo.example.com:7', [], 'hello')
      assert.deepEqual([status, body], [200, 'hello'])
      const line = await gateway.line((entry) => entry['service'] === 'access')
      assert.equal(line['response-code'], 200)
      assert.equal(line['response-code-details'], 'via_upstream')
      assert.deepEqual(
        [line['bytes-up'], line['bytes-down'], line['ended']],
        [5, 5, 'client-closed'],
      )
    })

    test('says 503 when the gateway itself fails, so that nobody loses a sign-in', async () => {
      await using gateway = await startTestGateway([
        testRoute('tcp+https://echo.example.com:7', [1]),
      ])
      gateway.sessions.get = () => {
        throw new Error('a surprise')
      }
      const { status, body } = await open(gateway.port, 'echo.example.com:7', [json])
      assert.deepEqual(
        [status, (JSON.parse(body) as { error: string }).error],
        [503, 'internal_error'],
      )
      assert.doesNotMatch(body, /surprise/)
      const line = await gateway.line((entry) => entry['service'] === 'access')
      assert.equal(line['response-code-details'], 'internal_error')
    })

    test('has no more tunnels than the limits, and 503 keeps the sign-in of stock clients', async () => {
      await using service = await startService(echo)
      const more = { maxTunnels: 2 }
      await using gateway = await startTestGateway(
        [testRoute('tcp+https://echo.example.com:7', [service.port], onlyAlice, more)],
        { maxTunnelsPerUser: 1 },
      )
      for (const id of ['s1', 's2', 's3']) {
        const session = testSession(id, 'alice@example.com')
        gateway.sessions.set(id, id === 's2' ? { ...session, userId: 'user-s1' } : session)
      }
      const held = await connectTls(gateway.port)
      held.write(connectHead('echo.example.com:7', 'Authorization: Pomerium s1'))
      await once(held, 'data')
      const attempt = (id: string) =>
        open(gateway.port, 'echo.example.com:7', [json, `Authorization: Pomerium ${id}`], 'x')
      const refused = await attempt('s2')
      assert.deepEqual([refused.status, refusalCode(refused.body)], [503, 'too_many_tunnels'])
      assert.match(refused.body, /alice@example.com.* has 1 tunnel/)
      assert.equal((await attempt('s3')).status, 200)
      held.destroy()
      await gateway.line((line) => line['ended'] !== undefined && line['session-id'] === 's1')
      assert.equal((await attempt('s2')).status, 200)
    })

    test('matches the host in any case, and the port exactly', async () => {
      await using service = await startService(echo)
      await using gateway = await startTestGateway([
        testRoute('tcp+https://echo.example.com:7', [service.port]),
      ])
      assert.equal((await open(gateway.port, 'ECHO.Example.com:7', [], 'x')).status, 200)
      const { status, body } = await open(gateway.port, 'echo.example.com:443', [json])
      assert.deepEqual([status, refusalCode(body)], [404, 'route_not_found'])
      const line = await gateway.line((entry) => entry['response-code'] === 404)
      assert.equal(line['response-code-details'], 'route_not_found')
    })

    test('asks a caller without a token to sign in, by redirect or by 401', async () => {
      await using gateway = await startTestGateway([
        testRoute('tcp+https://db.example.com:5432', [1], onlyAlice),
      ])
      const redirect = await open(gateway.port, 'db.example.com:5432')
      assert.equal(redirect.status, 302)
      assert.equal(redirect.headers['location'], 'https://auth.example.com/.pomerium/sign_in')
      assert.match(redirect.body, /<h1>Sign in first<\/h1>/)
      const plain = await open(gateway.port, 'db.example.com:5432', [json])
      assert.deepEqual([plain.status, refusalCode(plain.body)], [401, 'sign_in_required'])
      const stale = await open(gateway.port, 'db.example.com:5432', [
        'Authorization: Pomerium gone',
      ])
      assert.equal(stale.status, 401)
    })

    test('tells whoever is signed in what the named policies that refuse them say', async () => {
      const plain = { name: 'on-call', explanation: 'it is for the shift', remediation: 'take it' }
      const { named } = parseNamedPolicy(
        { ...plain, policy: onlyAlice },
        { clientCertificates: 'none' },
      )
      assert.ok(named)
      const route = testRoute('tcp+https://db.example.com:5432', [1], [])
      const policy = combinePolicies(route.policy, [named])
      await using gateway = await startTestGateway([{ ...route, policy }])
      gateway.sessions.set('s2', testSession('s2', 'bob@example.com'))
      const asked = async (...headers: readonly string[]) =>
        (await open(gateway.port, 'db.example.com:5432', [...headers, json])).body
      const told = JSON.parse(await asked('Authorization: Pomerium s2')) as Record<string, string>
      assert.match(
        told['message'] ?? '',
        /is not among those this route names; it is for the shift$/,
      )
      assert.match(told['next'] ?? '', /^take it; or ask whoever runs this gateway/)
      assert.doesNotMatch(await asked(), /shift|take it/)
    })

    test('lets in who the policy allows, and tells the others why not and whom to ask', async () => {
      await using service = await startService(echo)
      const contact = 'dba@example.com'
      await using gateway = await startTestGateway([
        testRoute('tcp+https://db.example.com:5432', [service.port], onlyAlice, { contact }),
      ])
      gateway.sessions.set('s1', testSession('s1', 'alice@example.com'))
      gateway.sessions.set('s2', testSession('s2', 'bob@example.com'))
      const allowed = await open(
        gateway.port,
        'db.example.com:5432',
        ['Authorization: Pomerium s1'],
        'x',
      )
      assert.equal(allowed.status, 200)
      const denied = await open(gateway.port, 'db.example.com:5432', [
        'Authorization: Pomerium s2',
        json,
      ])
      assert.equal(denied.status, 403)
      const body = JSON.parse(denied.body) as Record<string, unknown>
      assert.deepEqual([body['error'], body['reasons']], ['policy_denied', ['email-unauthorized']])
      assert.equal(body['next'], 'ask dba@example.com for access, and give the request id')
      assert.equal(denied.headers['x-request-id'], body['request_id'])
      const page = await open(gateway.port, 'db.example.com:5432', [
        'Authorization: Pomerium s2',
        'Accept: text/html',
      ])
      assert.match(page.body, /Ask dba@example\.com for access/)
      const line = await gateway.line(
        (entry) => entry['service'] === 'authorize' && entry['allow'] === false,
      )
      assert.deepEqual([line['host'], line['email']], ['db.example.com:5432', 'bob@example.com'])
    })

    test('tells somebody who is not signed in nothing about the policy', async () => {
      const onlyOffice = [{ allow: { and: [{ source_ip: '203.0.113.0/24' }] } }]
      await using gateway = await startTestGateway([
        testRoute('tcp+https://db.example.com:5432', [1], onlyOffice),
      ])
      const { status, body } = await open(gateway.port, 'db.example.com:5432', [json])
      assert.equal(status, 403)
      assert.doesNotMatch(body, /source|address|reasons/)
    })

    test('never takes a token from a cookie or a query, nor serves a web page', async () => {
      await using gateway = await startTestGateway([
        testRoute('tcp+https://db.example.com:5432', [1], onlyAlice),
      ])
      gateway.sessions.set('s1', testSession('s1', 'alice@example.com'))
      const cookie = await open(gateway.port, 'db.example.com:5432', [
        'Cookie: __Host-postern=s1',
        json,
      ])
      assert.equal(cookie.status, 401)
      const page = await open(gateway.port, 'db.example.com:5432', [
        'Authorization: Pomerium s1',
        'Origin: https://evil.example',
        json,
      ])
      assert.deepEqual([page.status, refusalCode(page.body)], [403, 'origin_not_allowed'])
    })

    test('answers 503 when no upstream can be reached, and tries each of several before', async () => {
      await using service = await startService(echo)
      const dead = await freePort()
      await using gateway = await startTestGateway([
        testRoute('tcp+https://dead.example.com:1', [dead]),
        testRoute('tcp+https://half.example.com:1', [dead, service.port]),
      ])
      const refused = await open(gateway.port, 'dead.example.com:1', [json])
      assert.deepEqual([refused.status, refusalCode(refused.body)], [503, 'upstream_unreachable'])
      assert.doesNotMatch(refused.body, /127\.0\.0\.1/)
      const line = await gateway.line((entry) => entry['response-code'] === 503)
      const more = isRefusalKnown ? '' : ', or cannot be reached from here'
      assert.equal(line['error'], `"127.0.0.1:${dead}" refused the connection${more}`)
      for (let attempt = 0; attempt < 8; attempt += 1) {
        assert.equal((await open(gateway.port, 'half.example.com:1', [], 'x')).status, 200)
      }
    })

    test('names an IPv6 target as it was asked for', async () => {
      await using gateway = await startTestGateway([])
      const { status, body } = await open(gateway.port, '[2001:db8::1]:22', [json])
      assert.deepEqual([status, refusalCode(body)], [404, 'route_not_found'])
      assert.match(body, /no route for \[2001:db8::1\]:22"/)
    })

    test('tells of the ports a caller may use on that host, and of no other', async () => {
      await using gateway = await startTestGateway([
        testRoute('tcp+https://ssh.example.com:443', [1], onlyAlice),
        testRoute('tcp+https://ssh.example.com:8022', [1]),
      ])
      gateway.sessions.set('s1', testSession('s1', 'alice@example.com'))
      gateway.sessions.set('s2', testSession('s2', 'bob@example.com'))
      const ask = async (...fields: string[]): Promise<[number, unknown]> => {
        const { status, body } = await open(gateway.port, 'SSH.example.com:22', [json, ...fields])
        return [status, (JSON.parse(body) as Record<string, unknown>)['message']]
      }
      const forAnybody = 'no route for ssh.example.com:22; there is one for :8022'
      assert.deepEqual(await ask('Authorization: Pomerium s1'), [
        404,
        'no route for ssh.example.com:22; there are some for :443 and :8022',
      ])
      assert.deepEqual(await ask('Authorization: Pomerium s2'), [404, forAnybody])
      assert.deepEqual(await ask('Authorization: Pomerium gone'), [404, forAnybody])
      assert.deepEqual(await ask(), [404, forAnybody])
      const seen = gateway.lines.filter((line) => line['service'] === 'access')
      assert.deepEqual(
        seen.map((line) => [line['email'], line['other-ports']]),
        [
          ['alice@example.com', [443, 8022]],
          ['bob@example.com', [8022]],
          [undefined, [8022]],
          [undefined, [8022]],
        ],
      )
      assert.ok(seen.every((line) => line['response-code-details'] === 'route_not_found'))
      const decided = gateway.lines.filter((line) => line['service'] === 'authorize')
      assert.deepEqual(decided, [], 'nothing was decided')
    })

    test('refuses what is no host and port', async () => {
      await using gateway = await startTestGateway([])
      for (const authority of [
        'example.com',
        'example.com:0',
        'example.com:65536',
        'a_b..c:1',
        ':22',
        '[::1:22',
      ]) {
        assert.equal((await open(gateway.port, authority, [json])).status, 400, authority)
      }
    })
  })
}

describe('CONNECT over HTTP/1.1', () => {
  test('takes a name with the dot of the root for the same host, in the route too', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([
      testRoute('tcp+https://a.example.com:1', [service.port]),
      testRoute('tcp+https://dotted.example.com.:1', [service.port]),
      testRoute('tcp+https://*.lab.example.com.:1', [service.port]),
    ])
    const [dotted, plain] = ['a.example.com.:1', 'a.example.com:1']
    for (const [target, host] of [
      [dotted, dotted],
      [dotted, plain],
      [plain, dotted],
      ['dotted.example.com:1', 'dotted.example.com:1'],
      ['Dotted.Example.com.:1', 'dotted.example.com:1'],
      ['x.lab.example.com:1', 'x.lab.example.com.:1'],
    ] as const) {
      const head = `CONNECT ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
      assert.match(await exchangeHttp1(gateway.port, head, true), /^HTTP\/1\.1 200 /, head)
    }
    const twoDots = 'CONNECT a.example.com..:1 HTTP/1.1\r\nHost: a.example.com..:1\r\n\r\n'
    assert.match(await exchangeHttp1(gateway.port, twoDots), /^HTTP\/1\.1 400 /)
  })

  test('refuses a Host that differs, is missing or comes twice, and any content', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([
      testRoute('tcp+https://a.example.com:1', [service.port]),
    ])
    const heads = [
      'CONNECT a.example.com:1 HTTP/1.1\r\nHost: b.example.com:1\r\n\r\n',
      'CONNECT a.example.com:1 HTTP/1.1\r\nHost: a.example.com\r\n\r\n',
      'CONNECT a.example.com:1 HTTP/1.1\r\n\r\n',
      connectHead('a.example.com:1', 'Host: a.example.com:1'),
      connectHead('a.example.com:1', 'Content-Length: 5'),
      connectHead('a.example.com:1', 'Transfer-Encoding: chunked'),
    ]
    for (const head of heads)
      assert.match(await exchangeHttp1(gateway.port, head), /^HTTP\/1\.1 400 /, head)
  })

  test('never reads the bytes behind a refused head as another request, nor sends them anywhere', async () => {
    let connections = 0
    await using service = await startService(() => (connections += 1))
    await using gateway = await startTestGateway([
      testRoute('tcp+https://a.example.com:1', [service.port]),
    ])
    const smuggled = connectHead('a.example.com:1') + 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    const answer = await exchangeHttp1(gateway.port, connectHead('b.example.com:1') + smuggled)
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1)
    assert.match(answer, /^HTTP\/1\.1 404 [\s\S]*connection: close/)
    assert.equal(connections, 0)
    assert.equal(gateway.lines.filter((line) => line['service'] === 'access').length, 1)
  })

  test('hands the bytes behind an accepted head to the upstream, first', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([
      testRoute('tcp+https://a.example.com:1', [service.port]),
    ])
    const socket = await connectTls(gateway.port)
    socket.end(`${connectHead('a.example.com:1')}early`)
    const chunks = await socket.toArray()
    assert.match(
      Buffer.concat(chunks as Buffer[]).toString(),
      /^HTTP\/1\.1 200 OK\r\nx-request-id: ([^\r]+)\r\npostern-tunnel: \1\r\n\r\nearly$/,
    )
  })

  test('closes a connection whose head does not arrive in time', { timeout: 60_000 }, async () => {
    await using gateway = await startTestGateway([], { timeoutReadMs: 500 })
    const answer = await exchangeHttp1(gateway.port, 'CONNECT a.example.com:1 HTTP/1.1\r\nHost: ')
    assert.match(answer, /^HTTP\/1\.1 408 /)
  })

  test(
    'answers whatever bytes come with 4xx or nothing, and goes on serving',
    { timeout: 120_000 },
    async () => {
      await using service = await startService(echo)
      await using gateway = await startTestGateway([
        testRoute('tcp+https://a.example.com:1', [service.port]),
      ])
      const piece = fc.constantFrom(
        'CONNECT ',
        'a.example.com:1',
        ' HTTP/1.1',
        '\r\n',
        'Host: ',
        ':',
        'Content-Length: 3',
        '\0',
        ' ',
        'é',
        '\n',
        'GET / ',
        '[::1]:1',
        ',',
      )
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
          const answer = await exchangeHttp1(gateway.port, `${pieces.join('')}\r\n\r\n\r\n`, true)
          assert.match(answer, /^$|^HTTP\/1\.[01] (?:200|4\d\d) /, JSON.stringify(pieces))
          if (answer.startsWith('HTTP/1.1 200'))
            assert.match(answer, /x-request-id|^HTTP\/1\.1 200 OK[\s\S]*html/i)
        }),
        { numRuns: 150 },
      )
      const { status } = await openHttp1(gateway.port, 'a.example.com:1', [], 'still there')
      assert.equal(status, 200)
    },
  )
})

test('an open tunnel keeps nothing of the head that it was asked for with', async () => {
  await using service = await startService(echo)
  await using gateway = await startTestGateway([
    testRoute('tcp+https://echo.example.com:7', [service.port]),
  ])
  const [near, far] = duplexPair()
  const { collected, watch } = watchCollected()
  const { promise: opened, resolve } = Promise.withResolvers<void>()
  const served = ((): Promise<void> => {
    const headers = { 'user-agent': 'a program', 'x-large': 'x'.repeat(30_000) }
    watch(headers)
    const accept = (): typeof far => {
      resolve()
      return far
    }
    return serveConnect(fakeRequest({ headers, accept }).request, gateway.parts)
  })()
  await opened
  try {
    await untilCollected(collected)
    assert.equal(gateway.parts.liveTunnels.size, 1)
  } finally {
    near.resume().end()
    await served
  }
  const line = await gateway.line((entry) => entry['service'] === 'access')
  assert.equal(line['user-agent'], 'a program')
})

test('metrics and the register show the bytes of a tunnel while it is open', async () => {
  await using service = await startService(echo)
  await using gateway = await startTestGateway([
    testRoute('tcp+https://echo.example.com:7', [service.port]),
  ])
  const { liveTunnels, metrics } = gateway.parts
  const scrape = async (): Promise<readonly string[]> =>
    (await metrics.render()).match(/(?<=^postern_tunnel_bytes_total.* )\d+$/gm) ?? []
  const client = await connectTls(gateway.port)
  client.write(connectHead('echo.example.com:7'))
  await once(client, 'data')
  assert.deepEqual(await scrape(), ['0', '0'])
  client.write('hello')
  await once(client, 'data')
  assert.deepEqual(await scrape(), ['5', '5'])
  assert.deepEqual(
    liveTunnels.open().map(({ bytes }) => bytes),
    [{ up: 5, down: 5 }],
  )
  client.end('!')
  const line = await gateway.line((entry) => entry['ended'] !== undefined)
  assert.deepEqual([line['bytes-up'], line['bytes-down']], [6, 6])
  assert.deepEqual(await scrape(), ['6', '6'])
})

describe('a CONNECT whose upstream is no socket, such as a stream within another connection', () => {
  test('carries each end by itself, and says how it ended', async () => {
    await using gateway = await startTestGateway([testRoute('tcp+https://echo.example.com:7', [1])])
    const { client, service, served } = serveOverPairs(gateway)
    const question = readText(service)
    client.end('question')
    assert.equal(await question, 'question')
    const answer = readText(client)
    service.end('answer')
    assert.equal(await answer, 'answer')
    await served
    const line = await gateway.line((entry) => entry['service'] === 'access')
    assert.deepEqual([line['ended'], line['bytes-up'], line['bytes-down']], ['client-closed', 8, 6])
  })

  test('breaks it off when the tunnel is cut', async () => {
    await using gateway = await startTestGateway([testRoute('tcp+https://echo.example.com:7', [1])])
    const { client, service, upstream, served } = serveOverPairs(gateway)
    client.write('half of it')
    await once(service, 'data')
    gateway.parts.liveTunnels.cutAll('shutdown')
    await served
    assert.match(String(upstream.errored), /cut/)
    const line = await gateway.line((entry) => entry['service'] === 'access')
    assert.equal(line['ended'], 'shutdown')
  })
})

/** Until its end; an iterator would end this side as well. */
async function readText(stream: Duplex): Promise<string> {
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(stream, 'end')
  return text
}

/** A tunnel between two streams that run on nothing. */
function serveOverPairs(gateway: TestGateway) {
  const [client, near] = duplexPair()
  const [upstream, service] = duplexPair()
  for (const stream of [client, service]) stream.on('error', () => undefined)
  const { request } = fakeRequest({ accept: () => near })
  const opened = { stream: upstream, destination: { isReachedBy: () => true } }
  const served = serveConnect(request, {
    ...gateway.parts,
    openUpstream: () => Promise.resolve(opened),
  })
  return { client, service, upstream, served }
}

describe('a CONNECT that cannot be answered', () => {
  test('lets go of the upstream when its 200 fails, and counts no tunnel', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    await using service = await startService((socket) => {
      socket.resume().once('end', resolve)
    })
    await using gateway = await startTestGateway([
      testRoute('tcp+https://echo.example.com:7', [service.port]),
    ])
    const { request, answers } = fakeRequest({
      accept: () => {
        throw new Error('no 200')
      },
    })
    await serveConnect(request, gateway.parts)
    await closed
    assert.deepEqual(answers, [503])
    assert.equal(gateway.parts.liveTunnels.size, 0)
    assert.doesNotMatch(await gateway.parts.metrics.render(), /^postern_tunnels_active\{/m)
    const line = await gateway.line((entry) => entry['service'] === 'access')
    assert.deepEqual([line['response-code'], line['error']], [503, 'no 200'])
  })

  test('is refused when all tunnels are cut while its upstream is dialled', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    await using service = await startService((socket) => {
      socket.resume().once('end', resolve)
    })
    await using gateway = await startTestGateway([
      testRoute('tcp+https://echo.example.com:7', [service.port]),
    ])
    const { request, answers } = fakeRequest({})
    await serveConnect(request, {
      ...gateway.parts,
      async openUpstream(grant, signal) {
        const opened = await gateway.parts.openUpstream(grant, signal)
        gateway.parts.liveTunnels.cutAll('shutdown')
        return opened
      },
    })
    await closed
    assert.deepEqual([answers, gateway.parts.liveTunnels.size], [[503], 0])
    const line = await gateway.line((entry) => entry['service'] === 'access')
    assert.equal(line['response-code-details'], 'gateway_leaving')
  })

  test('is let go of when its refusal fails, and that is logged', async () => {
    await using gateway = await startTestGateway([])
    const { request, answers } = fakeRequest({
      refuse: () => {
        throw new Error('no refusal')
      },
    })
    await serveConnect(request, gateway.parts)
    assert.deepEqual(answers, ['abandoned'])
    const line = await gateway.line((entry) => entry['level'] === 'error')
    assert.deepEqual([line['error'], line['request-id']], ['no refusal', 'r-1'])
  })
})

describe('one port', () => {
  test('begins with a PROXY header when it must, and tells the address behind it', async () => {
    await using gateway = await startTestGateway([], {
      proxyProtocol: { use: true, from: undefined },
    })
    const { connect } = await import('node:net')
    const raw = connect({ port: gateway.port, host: '127.0.0.1' })
    raw.write('PROXY TCP4 203.0.113.9 192.0.2.1 51000 443\r\n')
    const { connect: secure } = await import('node:tls')
    const socket = secure({
      socket: raw,
      servername: 'localhost',
      ca: testCa,
      ALPNProtocols: ['http/1.1'],
    })
    socket.write(connectHead('a.example.com:1'))
    await once(socket, 'data')
    socket.destroy()
    const line = await gateway.line((entry) => entry['service'] === 'access')
    assert.equal(line['ip'], '203.0.113.9')
  })

  test('closes a connection without the PROXY header it must begin with, without an answer', async () => {
    await using gateway = await startTestGateway([], {
      proxyProtocol: { use: true, from: undefined },
    })
    await assert.rejects(connectTls(gateway.port))
    const line = await gateway.line((entry) => entry['message'] === 'connection refused')
    assert.match(String(line['why']), /without a PROXY header/)
    assert.deepEqual(gateway.lines, [line])
  })

  test('lets open tunnels be while it stops accepting', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([
      testRoute('tcp+https://a.example.com:1', [service.port]),
    ])
    const socket = await connectTls(gateway.port)
    socket.write(connectHead('a.example.com:1'))
    await once(socket, 'data')
    const session = http2.connect(`https://localhost:${gateway.port}`, { ca: testCa })
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'a.example.com:1' })
    await once(stream, 'response')
    gateway.listener.stopAccepting()
    await assert.rejects(connectTls(gateway.port), { code: 'ECONNREFUSED' })
    for (const tunnel of [socket, stream]) {
      tunnel.write('still there')
      const [chunk] = (await once(tunnel, 'data')) as [Buffer]
      assert.equal(chunk.toString(), 'still there')
    }
    socket.destroy()
    session.destroy()
  })
  test('loses the tunnels of an HTTP/2 connection that its client has ended', async () => {
    const { promise: lost, resolve } = Promise.withResolvers<string | undefined>()
    await using service = await startService((socket) => {
      socket.resume().once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      socket.once('end', () => resolve('an orderly end'))
    })
    await using gateway = await startTestGateway([
      testRoute('tcp+https://a.example.com:1', [service.port]),
    ])
    const socket = await connectTls(gateway.port, ['h2'])
    const session = http2.connect('https://localhost', { createConnection: () => socket })
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'a.example.com:1' })
    await once(
      stream.on('error', () => undefined),
      'response',
    )
    // A program that dies leaves a FIN, and no frame before it.
    socket.end()
    const line = await gateway.line((entry) => entry['ended'] !== undefined)
    assert.deepEqual([line['ended'], await lost], ['client-reset', 'ECONNRESET'])
    session.destroy()
  })
})

function fakeRequest(broken: Partial<ConnectRequest>): {
  readonly request: ConnectRequest
  readonly answers: readonly unknown[]
} {
  const answers: unknown[] = []
  const request: ConnectRequest = {
    requestId: 'r-1',
    client: { ip: '192.0.2.1', endpoints: undefined },
    transport: 'h2',
    authority: 'echo.example.com:7',
    headers: {},
    fault: undefined,
    signal: new AbortController().signal,
    accept: () => assert.fail('accepted'),
    refuse: ({ status }) => void answers.push(status),
    abandon: () => void answers.push('abandoned'),
    ...broken,
  }
  return { request, answers }
}

function refusalCode(body: string): unknown {
  return (JSON.parse(body) as Record<string, unknown>)['error']
}

async function openHttp1(
  port: number,
  authority: string,
  fields: readonly string[] = [],
  send = '',
): Promise<Attempt> {
  const socket = await connectTls(port)
  const chunks: Buffer[] = []
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = Promise.race([once(socket, 'end'), once(socket, 'close')])
  socket.write(connectHead(authority, ...fields))
  await Promise.race([once(socket, 'data'), ended])
  socket.end(send)
  await ended
  socket.destroy()
  const [head = '', ...rest] = Buffer.concat(chunks).toString().split('\r\n\r\n')
  const [start = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/).slice(0, 2)))
  return { status: Number(start.split(' ')[1]), headers, body: rest.join('\r\n\r\n') }
}

async function openHttp2(
  port: number,
  authority: string,
  fields: readonly string[] = [],
  send = '',
): Promise<Attempt> {
  const session = http2.connect(`https://localhost:${port}`, { ca: testCa })
  try {
    const headers = Object.fromEntries(fields.map((field) => field.split(/: (.*)/).slice(0, 2)))
    const stream = session.request({ ':method': 'CONNECT', ':authority': authority, ...headers })
    const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    stream.end(send)
    const chunks = (await stream.toArray()) as Buffer[]
    return {
      status: Number(answer[':status']),
      headers: answer,
      body: Buffer.concat(chunks).toString(),
    }
  } finally {
    session.destroy()
  }
}
