import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { Duplex } from 'node:stream'
import { join as joinPath } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { join, type Joined } from './connector.fixture.ts'
import { echo, startService } from './origin/service.fixture.ts'
import type { AcceptedLink } from './fake-gateway.fixture.ts'
import type { GrantClaims } from '../tunnel/grant.ts'

/** A connector with these rules, and the first of its connections. */
async function linked(
  t: TestContext,
  yaml: string,
  options: Parameters<typeof join>[2] = {},
): Promise<Joined & { link: AcceptedLink }> {
  const joined = await join(t, yaml, options)
  await joined.gateway.linked(1)
  return { ...joined, link: joined.gateway.links[0] as AcceptedLink }
}

/** What comes until the other side's end; an iterator would end this side as well. */
async function untilEnd(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks).toString()
}

/** Whether or not it is an error that closes it. */
function closeOf(stream: Duplex): Promise<void> {
  return new Promise((resolve) => stream.on('error', () => undefined).once('close', resolve))
}

const fault = (name: string) => ({ code: `connector-${name}` })

test('a service is what the rule for the name says, whatever port was asked for', async (t) => {
  const service = await startService(t, (socket) => void socket.end('first'))
  const other = await startService(t, (socket) => void socket.end('other'))
  const { gateway, link } = await linked(
    t,
    `
  - {hostname: a.site.com, service: "tcp://127.0.0.1:${service.port}"}
  - {service: "tcp://127.0.0.1:${other.port}"}
`,
  )
  const read = async (hostname: string) =>
    (await buffer(await gateway.open(link, { hostname }))).toString()
  assert.equal(await read('a.site.com'), 'first')
  assert.equal(await read('b.site.com'), 'other')
})

test('a gateway reaches no address that the rules do not name', async (t) => {
  const secret = await startService(t, () => assert.fail('it was dialled'))
  const open = await startService(t, echo)
  const { gateway, link, log } = await linked(t, `  - service: tcp://127.0.0.1:${open.port}\n`)
  for (const service of [
    `127.0.0.1:${secret.port}`,
    `localhost:${open.port}`,
    `[::ffff:127.0.0.1]:${open.port}`,
    '169.254.169.254:80',
  ]) {
    await assert.rejects(gateway.open(link, { service }), fault('no-rule'), service)
  }
  await log.line(/refused a stream for "tcp\.site\.com:443": no rule names "localhost:\d+"/)
  for (const service of ['127.0.0.1', 'x y:1', '']) {
    await assert.rejects(gateway.open(link, { service }), (error) => error instanceof Error)
  }
  const stream = await gateway.open(link, { service: `127.0.0.1:${open.port}` })
  stream.destroy()
})

test('a grant that was used, is for another connector, tunnel or time, dials nothing', async (t) => {
  let dialled = 0
  const service = await startService(t, (socket) => {
    dialled += 1
    echo(socket)
  })
  const { gateway, link } = await linked(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  const [ofTunnel, ofConnector] = [
    `tunnel:${link.registration.tunnelId}`,
    `connector:${link.registration.connectorId}`,
  ] as const
  const nowS = Math.floor(Date.now() / 1000)
  const wrong: readonly Partial<GrantClaims>[] = [
    { aud: [ofTunnel] },
    { aud: [ofTunnel, 'connector:11111111-2222-3333-4444-555555555555'] },
    { aud: ['tunnel:11111111-2222-3333-4444-555555555555', ofConnector] },
    { iat: nowS - 300, exp: nowS - 270 },
    { exp: nowS + 3600 },
  ]
  for (const claims of wrong) {
    await assert.rejects(gateway.open(link, claims), fault('bad-grant'), JSON.stringify(claims))
  }
  const signal = new AbortController().signal
  const request = { authority: 'tcp.site.com:443', grant: await gateway.grantFor(link) }
  const stream = await link.end.openStream(request, signal)
  stream.destroy()
  await assert.rejects(link.end.openStream(request, signal), fault('bad-grant'))
  for (const grant of ['', 'x', `${request.grant.slice(0, -3)}abc`]) {
    await assert.rejects(link.end.openStream({ ...request, grant }, signal), fault('bad-grant'))
  }
  assert.equal(dialled, 1)
})

test('a service that refuses is said to the gateway and in the log', async (t) => {
  const service = await startService(t, echo)
  service.server.close()
  const { gateway, link, log, metrics } = await linked(
    t,
    `  - service: tcp://127.0.0.1:${service.port}\n`,
  )
  await assert.rejects(gateway.open(link), fault('origin-unreachable'))
  await log.line(/refused a stream for .*"127\.0\.0\.1:\d+" refused the connection/)
  const text = await metrics.render()
  assert.match(text, /^postern_connector_streams_total\{outcome="origin-unreachable"\} 1$/m)
  assert.match(text, /^postern_connector_dial_seconds_count\{outcome="failed"\} 1$/m)
})

test('a name that is served by nothing is told apart from one without a rule', async (t) => {
  const { gateway, link } = await linked(
    t,
    `
  - {hostname: web.site.com, service: "http://localhost:8080"}
  - {service: "http_status:404"}
`,
  )
  await assert.rejects(gateway.open(link, { hostname: 'web.site.com' }), fault('not-served'))
  await assert.rejects(gateway.open(link, { hostname: 'x.site.com' }), fault('not-served'))
})

test('a socket of this machine carries bytes as they are', async (t) => {
  const folder = await mkdtemp(joinPath(tmpdir(), 'postern-origin-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = joinPath(folder, 'app.sock')
  const server = createServer({ allowHalfOpen: true }, echo).listen(path)
  await once(server, 'listening')
  const { gateway, link } = await linked(t, `  - service: unix:${path}\n`)
  const stream = await gateway.open(link)
  stream.end('over a socket')
  assert.equal((await buffer(stream)).toString(), 'over a socket')
  server.close()
  await once(server, 'close')
  await assert.rejects(gateway.open(link), (error: Error) =>
    /the socket ".*app\.sock" is not there/.test(error.message),
  )
})

test('a bastion dials what the gateway names, where its list allows the address', async (t) => {
  const service = await startService(t, echo)
  const { gateway, link } = await linked(
    t,
    `
  - service: bastion
    originRequest: {ipRules: [{prefix: 127.0.0.0/8, ports: [${service.port}], allow: true}]}
`,
  )
  const stream = await gateway.open(link, { service: `localhost:${service.port}` })
  stream.destroy()
  await assert.rejects(gateway.open(link, { service: '127.0.0.1:9' }), fault('no-rule'))
  await assert.rejects(
    gateway.open(link, { service: `192.0.2.1:${service.port}` }),
    fault('no-rule'),
  )
  await assert.rejects(gateway.open(link), fault('no-rule'))
})

test('the names that one person gives a bastion keep nobody else from theirs', async (t) => {
  const looked: string[] = []
  const told = Promise.withResolvers<void>()
  const { gateway, link } = await linked(
    t,
    `
  - service: bastion
    originRequest: {ipRules: [{prefix: 10.0.0.0/8, allow: true}]}
`,
    {
      threads: 32,
      lookUpService(host) {
        looked.push(host)
        if (host === 'alices.example') told.resolve()
      },
    },
  )
  const ask = (sub: string, service: string): void =>
    void gateway.open(link, { sub, service, bastion: true }).catch(() => undefined)
  for (let name = 0; name < 20; name += 1) ask('mallory@example.com', `m${name}.example:22`)
  ask('alice@example.com', 'alices.example:22')
  await told.promise
  assert.ok(looked.length <= 4, looked.join())
})

test('a client of a bastion does not reach the service of another rule', async (t) => {
  const other = await startService(t, echo)
  const { gateway, link } = await linked(
    t,
    `
  - {hostname: db.site.com, service: "tcp://127.0.0.1:${other.port}"}
  - service: bastion
    originRequest: {ipRules: [{prefix: 10.0.0.0/8, allow: true}]}
`,
  )
  const service = `127.0.0.1:${other.port}`
  await assert.rejects(gateway.open(link, { service, bastion: true }), fault('no-rule'))
  const stream = await gateway.open(link, { service })
  stream.destroy()
})

test('a stream that ends at one side lets the other go on', async (t) => {
  const seen = Promise.withResolvers<Socket>()
  const service = await startService(t, (socket) => seen.resolve(socket))
  const { gateway, link } = await linked(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  const stream = await gateway.open(link)
  stream.end('all')
  const socket = await seen.promise
  assert.equal(await untilEnd(socket), 'all')
  socket.end('later')
  assert.equal(await untilEnd(stream), 'later')
})

test('a stream that is cut is a reset at the service', async (t) => {
  const seen = Promise.withResolvers<Socket>()
  const service = await startService(t, (socket) => seen.resolve(socket.resume()))
  const { gateway, link } = await linked(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  const stream = await gateway.open(link)
  const socket = await seen.promise
  const reset = new Promise<Error>((resolve) => socket.once('error', resolve))
  stream.on('error', () => undefined).destroy(new Error('cut'))
  assert.equal(((await reset) as NodeJS.ErrnoException).code, 'ECONNRESET')
})

test('a service whose connection dies ends its stream, and no other', async (t) => {
  const sockets: Socket[] = []
  const service = await startService(t, (socket) => {
    sockets.push(socket)
    socket.write('!')
  })
  const { gateway, link } = await linked(t, `  - service: tcp://127.0.0.1:${service.port}\n`)
  const [one, two] = [await gateway.open(link), await gateway.open(link)]
  for (const stream of [one, two]) await once(stream, 'data')
  const lost = closeOf(one)
  sockets[0]?.resetAndDestroy()
  await lost
  sockets[1]?.write('still')
  assert.equal(String((await once(two, 'data'))[0]), 'still')
  two.destroy()
})

test('a gateway that gives up while a service is dialled leaves nothing behind', async (t) => {
  const { gateway, link, log } = await linked(t, '  - service: tcp://192.0.2.1:9\n')
  const giveUp = new AbortController()
  const grant = await gateway.grantFor(link)
  const asked = link.end.openStream({ authority: 'tcp.site.com:443', grant }, giveUp.signal)
  giveUp.abort(new Error('the client is gone'))
  await assert.rejects(asked)
  // The connection is in order: the next one is answered, and nothing was logged for the first.
  await assert.rejects(gateway.open(link, { service: '127.0.0.1:1' }), fault('no-rule'))
  assert.equal(log.lines.filter((line) => line.includes('192.0.2.1')).length, 0)
})

test('a service that never reads holds its own stream up, and no other', async (t) => {
  const deaf = await startService(t, (socket) => void socket.pause())
  const other = await startService(t, echo)
  const { gateway, link } = await linked(
    t,
    `
  - {hostname: deaf.site.com, service: "tcp://127.0.0.1:${deaf.port}"}
  - {service: "tcp://127.0.0.1:${other.port}"}
`,
  )
  const stuck = await gateway.open(link, { hostname: 'deaf.site.com' })
  const piece = Buffer.alloc(1024 * 1024)
  let writtenMiB = 0
  // What all buffers on the way hold together is taken; beyond it nothing is asked for.
  while (writtenMiB < 64) {
    writtenMiB += 1
    if (stuck.write(piece)) continue
    const live = await gateway.open(link)
    live.end('still')
    assert.equal(await untilEnd(live), 'still')
    if (stuck.writableNeedDrain) break
  }
  assert.ok(writtenMiB < 64, 'nothing holds it up')
  const gone = closeOf(stuck)
  stuck.destroy()
  await gone
})
