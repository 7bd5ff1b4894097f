import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, Server } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { SystemError } from '../errors.ts'
import { serveMetrics } from './metrics-server.ts'
import { createMetrics } from './metrics.ts'

const ssh = { id: 'r-1', name: 'ssh' }
const db = { id: 'r-2', name: 'db' }

test('a tunnel is active until it ends, and counted once with its bytes', async () => {
  const metrics = createMetrics()
  const tunnel = metrics.tunnelOpened(ssh, { up: 10, down: 20 })
  metrics.tunnelOpened(ssh, { up: 0, down: 0 })
  assert.match(await metrics.render(), /^postern_tunnels_active\{route="ssh"\} 2$/m)
  tunnel.ended('client-closed', 1_500)
  tunnel.ended('shutdown', 9_999)
  const text = await metrics.render()
  assert.match(text, /^postern_tunnels_active\{route="ssh"\} 1$/m)
  assert.match(text, /^postern_tunnels_total\{outcome="client-closed"\} 1$/m)
  assert.doesNotMatch(text, /shutdown/)
  assert.match(text, /^postern_tunnel_bytes_total\{direction="up"\} 10$/m)
  assert.match(text, /^postern_tunnel_bytes_total\{direction="down"\} 20$/m)
  assert.match(text, /^postern_tunnel_duration_seconds_sum 1.5$/m)
})

test('bytes of open tunnels are counted as they pass, and once', async () => {
  const metrics = createMetrics()
  const scrape = async (): Promise<readonly string[]> =>
    (await metrics.render()).match(/(?<=^postern_tunnel_bytes_total\{direction="\w+"\} )\d+$/gm) ??
    []
  assert.deepEqual(await scrape(), ['0', '0'])
  const [first, second] = [
    { up: 0, down: 0 },
    { up: 0, down: 0 },
  ]
  const tunnel = metrics.tunnelOpened(ssh, first)
  metrics.tunnelOpened(db, second)
  Object.assign(first, { up: 10, down: 20 })
  second.down = 5
  assert.deepEqual(await scrape(), ['10', '25'])
  assert.deepEqual(await scrape(), ['10', '25'])
  first.up = 11
  tunnel.ended('client-closed', 1)
  assert.deepEqual(await scrape(), ['11', '25'])
  // What still comes from a side that lingers is nobody's.
  first.up = 99
  tunnel.ended('client-closed', 1)
  second.up = 1
  assert.deepEqual(await scrape(), ['12', '25'])
})

test('decisions, sign-ins, dials and reloads are counted by outcome', async () => {
  const metrics = createMetrics()
  metrics.decided('allow', ssh)
  metrics.decided('sign-in', ssh)
  metrics.signedIn('failed')
  metrics.dialled('ok', 3)
  metrics.configLoaded('ok', 1_000)
  metrics.configLoaded('failed', 2_000)
  const text = await metrics.render()
  assert.match(text, /^postern_decisions_total\{outcome="allow"\} 1$/m)
  assert.match(text, /^postern_decisions_total\{outcome="deny"\} 0$/m)
  assert.match(text, /^postern_sign_ins_total\{outcome="failed"\} 1$/m)
  assert.match(text, /^postern_upstream_dial_seconds_bucket\{le="0.005",outcome="ok"\} 1$/m)
  assert.match(text, /^postern_config_reloads_total\{outcome="failed"\} 1$/m)
  assert.match(text, /^postern_config_last_reload_success_timestamp_seconds 1$/m)
})

test('sessions are counted when they are asked for', async () => {
  const metrics = createMetrics()
  let sessions = 1
  metrics.countSessions(async () => sessions)
  sessions = 3
  assert.match(await metrics.render(), /^postern_sessions_active 3$/m)
})

test('two sets of metrics share nothing', async () => {
  const first = createMetrics()
  createMetrics().decided('deny', ssh)
  assert.match(await first.render(), /^postern_decisions_total\{outcome="deny"\} 0$/m)
})

test('metrics are served at /metrics and nothing else is', async () => {
  await using server = await listen()
  const found = await fetch(`${server.url}/metrics`)
  assert.equal(found.status, 200)
  assert.match(found.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  const text = await found.text()
  assert.match(text, /^postern_build_info\{version="[^"]+",node="[^"]+"\} 1$/m)
  assert.match(text, /^process_cpu_seconds_total /m)
  assert.equal((await fetch(`${server.url}/`)).status, 404)
  const headers = { connection: 'close' }
  const large = { method: 'POST', body: 'x'.repeat(4 * 1024 * 1024), headers }
  assert.equal((await fetch(`${server.url}/metrics`, large)).status, 405)
})

test('a scraper that ends its side after asking gets what takes longer', async () => {
  const metrics = createMetrics()
  const ended = Promise.withResolvers<number>()
  metrics.countSessions(() => ended.promise)
  await using server = await listen(metrics)
  const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1' })
  socket.end('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'finish')
  // The server has seen that end once it has answered somebody who came after it.
  await (await fetch(`${server.url}/nothing`)).text()
  ended.resolve(7)
  assert.match(await text(socket), /^HTTP\/1\.1 200 [^]*\npostern_sessions[^\n]* 7\n/)
})

test('closing twice is the same call, and ends idle connections', async () => {
  const server = await serveMetrics(createMetrics(), { host: '127.0.0.1', port: 0 })
  await (await fetch(`http://127.0.0.1:${server.address.port}/metrics`)).text()
  assert.equal(server.close(0), server.close(0))
  await server.close(0)
})

test('an address in use is one error that says so', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as AddressInfo
  await assert.rejects(serveMetrics(createMetrics(), { host: '127.0.0.1', port }), (error) => {
    return error instanceof SystemError && error.code === 'metrics-address-unavailable'
  })
  taken.close()
})

async function listen(metrics = createMetrics()) {
  const server = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${server.address.port}`
  return { url, [Symbol.asyncDispose]: () => server.close(0) }
}

test('connections that say nothing, or too slowly, keep nobody from asking', async (t) => {
  const pages = { '/live': () => ({ status: 200, contentType: 'text/plain', body: 'OK\n' }) }
  const address = { host: '127.0.0.1', port: 0 }
  const server = await serveMetrics(createMetrics(), address, pages)
  const silent: Socket[] = []
  t.after(async () => {
    for (const socket of silent) socket.destroy()
    await server.close(0)
  })
  const { port } = server.address
  const open = async (words: string): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    silent.push(socket)
    await once(socket, 'connect')
    socket.write(words)
    return socket
  }
  const first = await open('GET /live HTTP/1.1\r\nHost: ')
  const gone = once(first, 'close')
  for (let count = 0; count < 200; count += 1) await open(count % 2 === 0 ? '' : 'GET /li')
  const answer = await fetch(`http://127.0.0.1:${port}/live`)
  assert.equal(await answer.text(), 'OK\n')
  await gone
})

test('whoever asks a loopback address by the name of something else gets nothing', async (t) => {
  const pages = { '/live': () => ({ status: 200, contentType: 'text/plain', body: 'OK\n' }) }
  const server = await serveMetrics(createMetrics(), { host: undefined, port: 0 }, pages)
  t.after(() => server.close(0))
  const { port } = server.address
  const ask = async (host: string, version = '1.1'): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    socket.end(`GET /live HTTP/${version}\r\n${host}\r\n`)
    return (await text(socket)).split('\r\n', 1)[0] ?? ''
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost.evil.example',
    '',
    'a@b',
  ]) {
    assert.match(await ask(`Host: ${host}\r\n`), / 421 /, host)
  }
  const meant = ['localhost', `LOCALHOST:${port}`, 'a.localhost', `127.0.0.1:${port}`, '[::1]']
  for (const host of [...meant, '192.0.2.1']) {
    assert.match(await ask(`Host: ${host}\r\n`), / 200 /, host)
  }
  assert.match(await ask('', '1.0'), / 200 /)
})

test('a host that a page may claim, and requests of its kind, get nothing from it', async (t) => {
  const server = await serveMetrics(createMetrics(), { host: '127.0.0.1', port: 0 }, {})
  t.after(() => server.close(0))
  const say = async (request: string): Promise<string> => {
    const socket = connect(server.address.port, '127.0.0.1')
    socket.end(request)
    return text(socket)
  }
  assert.match(
    await say('POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'),
    / 405 /,
  )
  assert.match(await say('GET /metrics HTTP/1.1\r\n\r\n'), / 400 /)
  assert.match(await say('GET /__proto__ HTTP/1.1\r\nHost: localhost\r\n\r\n'), / 404 /)
  assert.match(await say(`GET /metrics HTTP/1.1\r\nHost: ${'a'.repeat(20_000)}\r\n\r\n`), / 431 /)
  const cross = await say(
    'GET /metrics HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n\r\n',
  )
  assert.doesNotMatch(cross, /access-control-allow/i)
})

test('a connection that the system cannot give ends nothing else', async (t) => {
  const listening = t.mock.method(Server.prototype, 'listen')
  const metrics = await serveMetrics(createMetrics(), { host: '127.0.0.1', port: 0 })
  t.after(() => metrics.close(0))
  const server: unknown = listening.mock.calls[0]?.this
  assert.ok(server instanceof Server)
  server.emit('error', new Error('accept EMFILE'))
  const answer = await fetch(`http://127.0.0.1:${metrics.address.port}/metrics`)
  assert.equal(answer.status, 200)
  await answer.text()
})
