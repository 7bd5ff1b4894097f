import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import * as tls from 'node:tls'
import { createFakeClock } from '../fake-clock.ts'
import { parseIpRange, type IpRange } from '../ip-ranges.ts'
import { silentLogger, type LogFields } from '../log.ts'
import { encodeProxyHeader, proxyVersions } from '../net/proxy-protocol.ts'
import type { ProxyProtocolSettings } from './proxy-admission.ts'
import {
  connectHead,
  echo,
  startService,
  startTestGateway,
  testCa,
  testRoute,
  type TestGateway,
} from '../gateway/gateway.fixture.ts'
import { createProxyAdmission, createRefusedConnections } from './proxy-admission.ts'

const here = rangesOf('127.0.0.1')
const elsewhere = rangesOf('192.0.2.0/24', '2001:db8::/32')
const target = 'a.example.com:1'
const office = [{ allow: { and: [{ source_ip: ['203.0.113.0/24', '2001:db8:7::/48'] }] } }]
const loopback = [{ allow: { and: [{ source_ip: '127.0.0.1' }] } }]
const destination = { host: '192.0.2.1', port: 443 }
const header = headerFrom('203.0.113.9')
const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')

function rangesOf(...texts: string[]): readonly IpRange[] {
  return texts.map(parseIpRange).filter((range): range is IpRange => !('fault' in range))
}

function headerFrom(host: string, version: (typeof proxyVersions)[number] = 'v1'): Buffer {
  return encodeProxyHeader(version, { source: { host, port: 51_000 }, destination })
}

function startGateway(
  settings: ProxyProtocolSettings,
  policy: unknown,
  service = 1,
): Promise<TestGateway> {
  const route = testRoute(`tcp+https://${target}`, [service], policy)
  return startTestGateway([route], { proxyProtocol: settings })
}

/** Sends these bytes, then TLS and a CONNECT; answers the status, or undefined when it was closed. */
async function ask(
  port: number,
  before: readonly (Buffer | string)[],
): Promise<number | undefined> {
  const raw = connect({ port, host: '127.0.0.1', noDelay: true })
  for (const bytes of before) raw.write(bytes)
  const socket = tls.connect({ socket: raw, servername: 'localhost', ca: testCa })
  const answer = await new Promise<string>((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    socket.on('error', () => resolve('')).on('close', () => resolve(''))
    socket.write(connectHead(target))
  })
  socket.destroy()
  raw.destroy()
  return answer === '' ? undefined : Number(answer.split(' ')[1])
}

/** Sends bytes as they are and answers everything that comes back until the connection is closed. */
async function exchange(port: number, bytes: Buffer | string): Promise<Buffer> {
  const raw = connect({ port, host: '127.0.0.1' })
  const chunks: Buffer[] = []
  raw.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined)
  raw.write(bytes)
  await once(raw, 'close')
  return Buffer.concat(chunks)
}

async function refusal(gateway: TestGateway): Promise<unknown> {
  const line = await gateway.line(({ message }) => message === 'connection refused')
  assert.equal(line['ip'], '127.0.0.1')
  return line['why']
}

describe('the address of a PROXY header', () => {
  for (const version of proxyVersions) {
    for (const host of ['203.0.113.9', '2001:db8:7::9']) {
      test(`is what policy asks about and logs tell: ${version}, ${host}`, async () => {
        await using service = await startService(echo)
        await using gateway = await startGateway({ use: true, from: here }, office, service.port)
        assert.equal(await ask(gateway.port, [headerFrom(host, version)]), 200)
        const line = await gateway.line((entry) => entry['service'] === 'access')
        assert.equal(line['ip'], host)
        assert.equal(await ask(gateway.port, [headerFrom('198.51.100.9', version)]), 403)
      })
    }
  }

  test('in IPv6-mapped form is IPv4, as it is anywhere else', async () => {
    await using service = await startService(echo)
    await using gateway = await startGateway({ use: true, from: here }, office, service.port)
    for (const mapped of ['::ffff:203.0.113.9', '::ffff:cb00:7109']) {
      const line = `PROXY TCP6 ${mapped} 2001:db8::1 51000 443\r\n`
      assert.equal(await ask(gateway.port, [line]), 200)
    }
  })

  test("is the edge's own for LOCAL and UNKNOWN, and for families that are no TCP", async () => {
    const udp = Buffer.from('0d0a0d0a000d0a515549540a2112000ccb007109c0000201c73801bb', 'hex')
    await using service = await startService(echo)
    await using gateway = await startGateway({ use: true, from: here }, loopback, service.port)
    for (const start of ['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN 203.0.113.9 1 2\r\n', local, udp]) {
      assert.equal(await ask(gateway.port, [start]), 200)
    }
  })

  test('is known however header and TLS arrive', async () => {
    await using service = await startService(echo)
    await using gateway = await startGateway({ use: 'optional', from: here }, office, service.port)
    for (const version of proxyVersions) {
      const bytes = headerFrom('203.0.113.9', version)
      const pieces = [...bytes].map((byte) => Buffer.from([byte]))
      assert.equal(await ask(gateway.port, pieces), 200)
    }
  })
})

describe('use_proxy_protocol: true', () => {
  test('refuses whoever is not in the list before a byte is read, and names them', async () => {
    await using gateway = await startGateway({ use: true, from: elsewhere }, office)
    assert.equal(await ask(gateway.port, [header]), undefined)
    assert.match(String(await refusal(gateway)), /not in "proxy_protocol_from"/)
    assert.equal(await ask(gateway.port, []), undefined)
    assert.ok(!gateway.lines.some(({ service }) => service === 'access'))
  })

  test('closes what has no header or a malformed one, without an answer', async () => {
    await using gateway = await startGateway({ use: true, from: undefined }, office)
    assert.equal((await exchange(gateway.port, 'GET / HTTP/1.1\r\n\r\n')).length, 0)
    assert.match(String(await refusal(gateway)), /without a PROXY header/)
    assert.equal((await exchange(gateway.port, 'PROXY TCP4 a b c d\r\n')).length, 0)
    await gateway.line(({ why }) => /malformed/.test(String(why)))
  })
})

describe('use_proxy_protocol: optional', () => {
  test('takes connections of those in the list with a header or without', async () => {
    await using service = await startService(echo)
    const settings = { use: 'optional', from: here } as const
    await using gateway = await startGateway(settings, undefined, service.port)
    assert.equal(await ask(gateway.port, [header]), 200)
    assert.equal(await ask(gateway.port, [local]), 200)
    assert.equal(await ask(gateway.port, []), 200)
    const lines = gateway.lines.filter((line) => line['service'] === 'authorize')
    assert.deepEqual(
      lines.map(({ ip }) => ip),
      ['203.0.113.9', '127.0.0.1', '127.0.0.1'],
    )
  })

  test('takes TLS from everybody else, and refuses their headers without an answer', async () => {
    await using service = await startService(echo)
    const settings = { use: 'optional', from: elsewhere } as const
    await using gateway = await startGateway(settings, loopback, service.port)
    assert.equal(await ask(gateway.port, []), 200)
    for (const bytes of [header, headerFrom('203.0.113.9', 'v2'), local, 'PROXY UNKNOWN\r\n']) {
      assert.equal((await exchange(gateway.port, bytes)).length, 0)
    }
    assert.match(String(await refusal(gateway)), /sent a PROXY header/)
  })

  test('does not take a broken header for something else', async () => {
    await using gateway = await startGateway({ use: 'optional', from: here }, undefined)
    assert.equal((await exchange(gateway.port, 'PROXY TCP4 a b c d\r\n')).length, 0)
    assert.match(String(await refusal(gateway)), /malformed/)
  })
})

test('an IPv4 load balancer is known on a listener of both families', async () => {
  const admission = createProxyAdmission(
    { use: true, from: here },
    { report: (why) => assert.fail(why) },
  )
  const server = createServer().listen(0, '::')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const raw = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
  raw.write(header)
  const [socket] = (await accepted) as [Socket]
  assert.match(socket.remoteAddress ?? '', /^::ffff:/)
  const found = await admission.admit(socket)
  assert.ok(typeof found === 'object')
  assert.equal(found.source?.host, '203.0.113.9')
  socket.destroy()
  raw.destroy()
  server.close()
})

test('other settings hold for the connections that come after them', async () => {
  const admission = createProxyAdmission(
    { use: true, from: elsewhere },
    { report: () => undefined },
  )
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const admitNext = async (): Promise<unknown> => {
    const accepted = once(server, 'connection')
    const raw = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
    const [socket] = (await accepted) as [Socket]
    const admitted = await admission.admit(socket)
    socket.destroy()
    raw.destroy()
    return admitted
  }
  assert.equal(await admitNext(), 'refused')
  admission.replace({ use: false, from: undefined })
  assert.equal(await admitNext(), undefined)
  server.close()
})

test('a scan is ten lines in a minute, and one with the number of all the others', () => {
  const lines: [string, LogFields | undefined][] = []
  const clock = createFakeClock()
  const logger = { ...silentLogger, warn: (...line: (typeof lines)[number]) => lines.push(line) }
  const refused = createRefusedConnections(logger, clock)
  for (let index = 0; index < 1000; index += 1) refused.report('no header', '192.0.2.7')
  assert.equal(lines.length, 10)
  assert.deepEqual(lines[0], ['connection refused', { ip: '192.0.2.7', why: 'no header' }])
  clock.advance(60_000)
  assert.deepEqual(lines.slice(10), [['more connections refused', { connections: 990 }]])
  refused.report('no header', '192.0.2.8')
  assert.deepEqual(lines.at(-1), ['connection refused', { ip: '192.0.2.8', why: 'no header' }])
  clock.advance(60_000)
  assert.equal(lines.length, 12)
  assert.equal(clock.pending, 0)
})
