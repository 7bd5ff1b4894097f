import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { after, before, describe, test, type TestContext } from 'node:test'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import type { CertificateAuthority } from '../net/certificate.ts'
import type { LookUpAll } from '../net/dial.ts'
import { freePort } from '../net/free-port.fixture.ts'
import { startSmallServer } from '../reach/small-server.fixture.ts'
import {
  lines,
  lookup,
  openPreflight,
  type RunPreflight,
  type Written,
} from './preflight.fixture.ts'

let folder: string
let authority: CertificateAuthority
let run: RunPreflight

before(async () => {
  ;({ folder, authority, run } = await openPreflight())
})

after(() => rm(folder, { recursive: true, force: true }))

async function occupy(t: TestContext): Promise<number> {
  const server: Server = createServer((socket) => socket.on('error', () => undefined).resume())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

describe('what a configuration leads to', () => {
  test('is its listeners: free, taken by another, or not of this machine', async (t) => {
    const taken = await occupy(t)
    assert.deepEqual(lines(await run({}), 'listener'), ['ok listener 127.0.0.1:0: is free'])
    const more = `metrics_address: 127.0.0.1:${taken}`
    const checks = await run({ address: '198.51.100.9:0', more })
    assert.deepEqual(lines(checks, 'listener'), [
      'failed listener 198.51.100.9:0: "198.51.100.9:0" is not an address of this machine',
      `failed listener 127.0.0.1:${taken}: "127.0.0.1:${taken}" is in use by another program`,
    ])
    assert.deepEqual(
      checks.map(({ code }) => code).filter((code) => code !== undefined),
      ['address-not-here', 'address-in-use'],
    )
    // It has let go of what it tried.
    const port = await freePort()
    for (const _ of [1, 2])
      assert.deepEqual(lines(await run({ address: `127.0.0.1:${port}` }), 'listener'), [
        `ok listener 127.0.0.1:${port}: is free`,
      ])
  })

  test('is its upstreams, each dialled once, with the routes that lead there', async (t) => {
    let connections = 0
    const server = createServer((socket) => {
      connections += 1
      socket.on('error', () => undefined).on('data', (sent) => assert.fail(String(sent)))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const closed = await freePort()
    const to = `tcp://127.0.0.1:${port}`
    const checks = await run(
      {
        routes: [
          `name: a, from: "tcp+https://a.example.com:1", to: "${to}"`,
          `name: b, from: "tcp+https://b.example.com:1", to: ["${to}", "tcp://127.0.0.1:${closed}"]`,
          'name: c, from: "tcp+https://c.example.com:1", to: "tcp://gone.example.com:22"',
          'name: m, from: "tcp+https://m.example.com:1", to: "tcp://meta.example.com:80"',
        ],
      },
      {
        lookup: (host, options, done) =>
          host === 'meta.example.com'
            ? done(null, [{ address: '169.254.169.254', family: 4 }])
            : lookup(host, options, done),
      },
    )
    assert.deepEqual(lines(checks, 'upstream').slice(0, 2), [
      `ok upstream 127.0.0.1:${port}: answers, for routes "a" and "b"`,
      `failed upstream 127.0.0.1:${closed}: "127.0.0.1:${closed}" refused the connection, for route "b"`,
    ])
    const [, second, third, fourth] = checks.filter(({ what }) => what === 'upstream')
    assert.match(second?.hint ?? '', /or mend "to" of the route at .*postern\.yaml:8$/)
    assert.match(third?.detail ?? '', /"gone\.example\.com:22" has a name that does not resolve/)
    assert.match(fourth?.detail ?? '', /is the metadata service of a cloud/)
    assert.equal(connections, 1)
  })

  test('is next gateways, with their certificates', async (t) => {
    const pair = await authority.issue(['localhost'])
    const port = await startSmallServer(t, { pair })
    const plain = await startSmallServer(t, { answer: 'HTTP/1.1 400 Bad Request\r\n\r\n' })
    const route = (name: string, at: number, more: string): string =>
      `name: ${name}, from: "tcp+https://${name}.example.com:1", to: "https://localhost:${at}"${more}`
    const checks = await run({
      routes: [
        route('trusted', port, ', tls_custom_ca_file: ca.pem'),
        route('strange', port, ''),
        route('plain', plain, ', tls_custom_ca_file: ca.pem'),
      ],
    })
    const tried = checks.filter(({ what }) => what === 'upstream')
    assert.deepEqual(
      tried.map(({ verdict }) => verdict),
      ['ok', 'failed', 'failed'],
      JSON.stringify(tried),
    )
  })

  test('that does not answer is given up, and the rest is told all the same', async (t) => {
    const port = await occupy(t)
    const silent: LookUpAll = (host, options, done) => {
      if (host !== 'slow.example.com') lookup(host, options, done)
    }
    const checks = await run(
      {
        routes: [
          'name: s, from: "tcp+https://slow.example.com:1", to: "tcp://slow.example.com:22"',
          `name: a, from: "tcp+https://here.example.com:1", to: "tcp://127.0.0.1:${port}"`,
        ],
      },
      { lookup: silent, timeoutMs: 300 },
    )
    const verdicts = checks.filter(({ what }) => what === 'upstream').map(({ verdict }) => verdict)
    assert.deepEqual(verdicts, ['failed', 'ok'])
  })

  test('is the names by which clients come, and their certificates', async () => {
    const idp = [
      'authenticate_service_url: https://auth.example.com',
      'idp_provider_url: http://127.0.0.1:1',
      'idp_client_id: a',
      'idp_client_secret: b',
      'access: [{hostname: app.example.com, service: "tcp://127.0.0.1:1", policies: []}, {hostname: gone.example.org, service: "tcp://127.0.0.1:1", policies: []}]',
    ].join('\n')
    const routes = [
      'name: h, from: "tcp+https://here.example.com:22", to: "tcp://127.0.0.1:1"',
      'name: n, from: "tcp+https://nowhere.example.com:22", to: "tcp://127.0.0.1:1"',
      'name: w, from: "tcp+https://*.db.example.com:22", to: "tcp://127.0.0.1:1"',
      'name: x, from: "tcp+https://gw.example.net/any.example.com:22", to: "tcp://127.0.0.1:1"',
    ]
    const checks = await run({ more: idp, routes })
    const until = /is good until .*/
    assert.deepEqual(
      lines(checks, 'name', 'certificate').map((line) => line.replace(until, 'is good')),
      [
        'ok name auth.example.com: leads to 203.0.113.7: no address of this machine, as behind a load balancer or NAT',
        'ok certificate auth.example.com: is good',
        'ok name here.example.com: leads to 192.0.2.1: this machine',
        'ok certificate here.example.com: is good',
        'warning name nowhere.example.com: "nowhere.example.com" does not resolve',
        'warning certificate *.db.example.com: none is for "*.db.example.com"',
        'failed name gw.example.net: "gw.example.net" does not resolve: clients of "x" dial it',
        'failed certificate gw.example.net: none is for "gw.example.net": clients of "x" dial it',
        'ok name app.example.com: leads to 192.0.2.1: this machine',
        'ok certificate app.example.com: is good',
        'failed name gone.example.org: "gone.example.org" does not resolve: application "gone.example.org" is reached by it',
        'failed certificate gone.example.org: none is for "gone.example.org": application "gone.example.org" is reached by it',
      ],
    )
    const late = await run({ more: idp }, { now: () => Date.now() + 10 * 365 * 86_400_000 })
    assert.match(lines(late, 'certificate')[0] ?? '', /^failed certificate auth\S+: ended at /)
    const early = await run({ more: idp }, { now: () => Date.UTC(2020) })
    assert.match(lines(early, 'certificate')[0] ?? '', /^failed certificate auth\S+: begins at /)
    const fetched = await run({ more: `${idp}\nautocert: true`, routes })
    assert.ok(
      lines(fetched, 'certificate').includes(
        'ok certificate gw.example.net: none is given: the gateway fetches it ("autocert")',
      ),
    )
  })

  test('is the provider, whether it takes the secret, and what time it has', async (t) => {
    const idp = await startDevIdp({
      people: [{ id: 'u-ann', email: 'ann@example.com', name: 'Ann', groups: [] }],
      redirectUris: ['https://auth.example.com/oauth2/callback'],
    })
    t.after(() => idp.close(0))
    const written = (secret: string): Written => ({
      more: [
        'authenticate_service_url: https://auth.example.com',
        `idp_provider_url: ${idp.issuer.href}`,
        `idp_client_id: ${idp.clientId}`,
        `idp_client_secret: ${secret}`,
      ].join('\n'),
    })
    const steps = ['provider', 'client', 'redirect', 'clock']
    assert.deepEqual(lines(await run(written(idp.clientSecret)), ...steps), [
      `ok provider ${idp.issuer.href}: says what a sign-in needs to know`,
      `ok client ${idp.clientId}: the provider takes its secret`,
      'ok redirect https://auth.example.com/oauth2/callback: the provider sends browsers back there',
      `ok clock ${idp.issuer.href}: that of the provider and that of this machine agree`,
    ])
    const elsewhere = written(idp.clientSecret).more?.replace('//auth.', '//www.')
    const unknown = (await run({ more: elsewhere ?? '' })).find(({ what }) => what === 'redirect')
    assert.equal(unknown?.verdict, 'failed')
    assert.match(
      unknown.hint ?? '',
      /^register "https:\/\/www\.example\.com\/oauth2\/callback" there/,
    )
    const wrong = (await run(written('another'))).find(({ what }) => what === 'client')
    assert.equal(wrong?.verdict, 'failed')
    assert.equal(wrong.code, 'provider-refused')
    assert.match(wrong.hint ?? '', /"idp_client_id" and "idp_client_secret"/)
    idp.setCondition('hanging')
    const silent = await run(written(idp.clientSecret), { timeoutMs: 100 })
    assert.deepEqual(
      silent.filter(({ what }) => steps.includes(what)).map(({ verdict, hint }) => [verdict, hint]),
      [['failed', 'check "idp_provider_url" letter by letter, and that this machine reaches it']],
    )
  })

  test('is connectors, which only a gateway that runs knows', async () => {
    const checks = await run({
      routes: [
        'name: lab, from: "tcp+https://lab.example.com:22", to: "connector://lab/127.0.0.1:22"',
      ],
    })
    assert.deepEqual(lines(checks, 'connector'), [
      'not-tried connector lab: only the gateway knows whether one is here, and none runs here',
    ])
  })

  test('is tried no longer once somebody asks to end', async () => {
    const ending = new AbortController()
    const hanging: LookUpAll = () => ending.abort(new Error('asked to end'))
    const routes = ['name: s, from: "tcp+https://s.example.com:1", to: "tcp://s.example.com:22"']
    const asked = run({ routes }, { lookup: hanging, signal: ending.signal, timeoutMs: 60_000 })
    await assert.rejects(asked, /asked to end/)
  })
})
