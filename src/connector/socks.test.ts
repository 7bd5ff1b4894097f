import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { join } from './connector.fixture.ts'
import { echo, startService } from './origin/service.fixture.ts'
import type { AcceptedLink } from './fake-gateway.fixture.ts'

function proxyTo(port: number): string {
  return `
  - service: socks-proxy
    originRequest: {ipRules: [{prefix: 127.0.0.0/8, ports: [${port}], allow: true}]}
`
}

/** A stream to a proxy that may dial one port of this machine. */
async function openProxy(t: TestContext, port: number): Promise<Duplex> {
  const { gateway } = await join(t, proxyTo(port))
  await gateway.linked(1)
  return gateway.open(gateway.links[0] as AcceptedLink)
}

function request(host: string, port: number, command = 1): Buffer {
  const head = Buffer.from([5, command, 0, 3, host.length])
  return Buffer.concat([head, Buffer.from(host), Buffer.from([port >> 8, port & 0xff])])
}

const greeting = Buffer.from([5, 1, 0])
const accepted = Buffer.from([5, 0])

/** Everything until the stream is gone, in hex. */
function rest(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.once('close', () => resolve(Buffer.concat(chunks).toString('hex')))
  })
}

test('a program reaches what it names, with what it sent ahead of the answer', async (t) => {
  const service = await startService(t, echo)
  const stream = await openProxy(t, service.port)
  stream.end(Buffer.concat([greeting, request('localhost', service.port), Buffer.from('early')]))
  const succeeded = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  const all = Buffer.concat([accepted, succeeded, Buffer.from('early')])
  assert.equal(await rest(stream), all.toString('hex'))
})

test('messages may come byte by byte', async (t) => {
  const service = await startService(t, echo)
  const stream = await openProxy(t, service.port)
  stream.write(greeting.subarray(0, 1))
  stream.write(greeting.subarray(1))
  await once(stream, 'data')
  for (const byte of request('127.0.0.1', service.port)) stream.write(Buffer.from([byte]))
  assert.equal((await once(stream, 'data'))[0][1], 0)
  stream.destroy()
})

test('what the rules do not allow is refused as a rule', async (t) => {
  const service = await startService(t, echo)
  for (const target of [request('127.0.0.1', 1), request('192.0.2.1', service.port)]) {
    const stream = await openProxy(t, service.port)
    stream.write(Buffer.concat([greeting, target]))
    assert.equal(await rest(stream), '050005020001000000000000')
  }
})

test('a service that refuses is told as that', async (t) => {
  const service = await startService(t, echo)
  service.server.close()
  const stream = await openProxy(t, service.port)
  stream.write(Buffer.concat([greeting, request('127.0.0.1', service.port)]))
  assert.equal(await rest(stream), '050005050001000000000000')
})

test('other commands, and a wish to authenticate, end the stream', async (t) => {
  const service = await startService(t, echo)
  const bind = await openProxy(t, service.port)
  bind.write(Buffer.concat([greeting, request('127.0.0.1', service.port, 2)]))
  assert.equal(await rest(bind), '050005070001000000000000')
  const named = await openProxy(t, service.port)
  named.write(Buffer.from([5, 1, 2]))
  assert.equal(await rest(named), '05ff')
  const http = await openProxy(t, service.port)
  http.write('GET / HTTP/1.1\r\n\r\n')
  assert.equal(await rest(http), '')
})

test('a program that leaves while it is waited for is let go', async (t) => {
  const service = await startService(t, echo)
  const stream = await openProxy(t, service.port)
  stream.end(greeting)
  assert.equal(await rest(stream), '0500')
})

test('each request that ends before its end, or that is none, ends its stream and no other', async (t) => {
  const service = await startService(t, echo)
  const { gateway } = await join(t, proxyTo(service.port))
  await gateway.linked(1)
  const [link] = gateway.links as [AcceptedLink]
  const good = Buffer.concat([greeting, request('localhost', service.port)])
  for (let cut = 0; cut < good.length; cut += 1) {
    const stream = await gateway.open(link)
    stream.end(good.subarray(0, cut))
    assert.equal(await rest(stream), cut < greeting.length ? '' : '0500', `cut at ${cut}`)
  }
  const head = Buffer.from([5, 1, 0, 5, 1, 0])
  const answers = {
    [`${head.toString('hex')}09${'00'.repeat(40)}`]: '050005080001000000000000',
    '0501000502000300': '0500',
    '0500': '05ff',
    '050102': '05ff',
    '0401': '',
    [`050100${'ff'.repeat(30)}`]: '0500',
    [`ff${'00'.repeat(2_000)}`]: '',
  }
  for (const [bytes, answer] of Object.entries(answers)) {
    const stream = await gateway.open(link)
    stream.end(Buffer.from(bytes, 'hex'))
    assert.equal(await rest(stream), answer, bytes.slice(0, 40))
  }
  const stream = await gateway.open(link)
  stream.end(Buffer.concat([good, Buffer.from('after all of it')]))
  assert.match(await rest(stream), new RegExp(`${Buffer.from('after all of it').toString('hex')}$`))
})

test('noise in any pieces ends its stream', async (t) => {
  const service = await startService(t, echo)
  const { gateway } = await join(t, proxyTo(service.port))
  await gateway.linked(1)
  const piece = fc.uint8Array({ minLength: 1, maxLength: 40 })
  const pieces = fc.array(piece, { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(fc.boolean(), pieces, async (isGreeted, noise) => {
      const stream = await gateway.open(gateway.links[0] as AcceptedLink)
      if (isGreeted) stream.write(greeting)
      for (const bytes of noise) stream.write(bytes)
      stream.end()
      assert.match(await rest(stream), /^(?:05(?:ff|00(?:05[0-8][\da-f]00.*)?))?$/)
    }),
    { numRuns: 60 },
  )
})
