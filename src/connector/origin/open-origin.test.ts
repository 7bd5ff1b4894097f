import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { LookUpAll } from '../../net/dial.ts'
import { freePort } from '../../net/free-port.fixture.ts'
import { echo, startService } from './service.fixture.ts'
import { mergeOriginRequest, type OriginRequestValues } from '../ingress/origin-request.ts'
import { openNamed, openTcp, type OpenOriginOptions } from './open-origin.ts'

const never = new AbortController().signal

function options(values: OriginRequestValues, ...addresses: readonly string[]): OpenOriginOptions {
  const lookup: LookUpAll = (_host, _options, done) => {
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return { request: mergeOriginRequest({}, values), signal: never, lookup }
}

const range = (address: string, prefix: number) => ({ address, prefix, family: 'ipv4' }) as const

test('a service is reached on whichever family answers', async (t) => {
  const { port } = await startService(t, echo)
  for (const noHappyEyeballs of [false, true]) {
    const given = options({ noHappyEyeballs }, '::2', '127.0.0.1')
    const socket = await openTcp({ host: 'db.test', port }, given)
    assert.equal(socket.remoteAddress, '127.0.0.1')
    socket.destroy()
  }
})

test('a service on one family alone is reached by a name that has both', async (t) => {
  for (const own of ['::1', '127.0.0.1']) {
    // One that the system gives out by itself may be another program's on the other family.
    const port = await freePort()
    const server = createServer().listen(port, own)
    await once(server, 'listening')
    t.after(() => server.close())
    for (const addresses of [
      ['::1', '127.0.0.1'],
      ['127.0.0.1', '::1'],
    ]) {
      for (const noHappyEyeballs of [false, true]) {
        const given = options({ noHappyEyeballs }, ...addresses)
        const socket = await openTcp({ host: 'db.test', port }, given)
        const { remoteAddress } = socket
        socket.destroy()
        assert.equal(remoteAddress, own)
      }
    }
  }
})

test('one after the other, an address that answers nothing takes only its share of the time', async (t) => {
  const { port } = await startService(t, echo)
  // 192.0.2.1 (RFC 5737) is nowhere: a packet to it is lost, or refused at once where there is no route.
  const given = options({ noHappyEyeballs: true, connectTimeout: 2_100 }, '192.0.2.1', '127.0.0.1')
  const startedMs = performance.now()
  await openTcp({ host: 'db.test', port }, given).then(
    (socket) => socket.destroy(),
    (error: unknown) => assert.match(String(error), /did not answer in time/),
  )
  assert.ok(performance.now() - startedMs < 4_000)
})

test('a service that answers no packet is given up after its time', async () => {
  const given = options({ connectTimeout: 100 }, '192.0.2.1')
  await assert.rejects(openTcp({ host: 'db.test', port: 9 }, given), {
    code: 'upstream-unreachable',
  })
})

test('a name is judged by its addresses, each before it is dialled', async (t) => {
  const { port } = await startService(t, echo)
  const ipRules = [{ prefix: range('127.0.0.0', 8), ports: [], allow: true }]
  const both = options({ ipRules }, '10.0.0.1', '127.0.0.1')
  const socket = await openNamed({ host: 'db.test', port }, both)
  assert.equal(socket.remoteAddress, '127.0.0.1')
  socket.destroy()
  const none = options({ ipRules }, '10.0.0.1', '10.0.0.2')
  await assert.rejects(openNamed({ host: 'db.test', port }, none), { code: 'not-allowed' })
  const dead = options({ ipRules }, '127.0.0.1')
  await assert.rejects(openNamed({ host: 'db.test', port: 1 }, dead), {
    code: 'upstream-unreachable',
  })
})

test('the list is asked where addresses are tried in turn, too', async () => {
  const given = options({ noHappyEyeballs: true, ipRules: [] }, '127.0.0.1')
  await assert.rejects(openNamed({ host: 'db.test', port: 1 }, given), { code: 'not-allowed' })
})
