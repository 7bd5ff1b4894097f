import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { isBun } from '../is-bun.ts'
import { serveHttpRedirect } from './http-redirect.ts'

async function start(t: TestContext): Promise<number> {
  const server = await serveHttpRedirect({
    address: { host: '127.0.0.1', port: 0 },
    httpsPort: (host) => (host === 'auth.example.com' ? 8443 : 443),
    keyAuthorization: (token) => (token === 'known' ? 'known.thumb' : undefined),
  })
  t.after(() => server.close(0))
  return server.address.port
}

async function ask(port: number, path: string, host = 'db.example.com', method = 'GET') {
  const asked = request({ host: '127.0.0.1', port, path, method, headers: { host } }).end()
  const [response] = await once(asked, 'response')
  const { statusCode, headers } = response as {
    statusCode: number
    headers: Record<string, string>
  }
  return { statusCode, headers, body: await text(response as NodeJS.ReadableStream) }
}

test('whoever comes by plain HTTP is led to the same place by https', async (t) => {
  const port = await start(t)
  const led = async (...of: [path: string, host?: string]) =>
    (await ask(port, ...of)).headers['location']
  assert.equal(await led('/a?b=c'), 'https://db.example.com/a?b=c')
  assert.equal(await led('/', 'auth.example.com:80'), 'https://auth.example.com:8443/')
  assert.equal(await led('/', '[::1]:80'), 'https://[::1]/')
  const posted = await ask(port, '/a', 'db.example.com', 'POST')
  assert.deepEqual([posted.statusCode, posted.headers['connection']], [308, 'close'])
})

test('an authority is shown what it looks for, and nothing for another token', async (t) => {
  const port = await start(t)
  const shown = await ask(port, '/.well-known/acme-challenge/known')
  assert.deepEqual([shown.statusCode, shown.body], [200, 'known.thumb'])
  assert.equal((await ask(port, '/.well-known/acme-challenge/other')).statusCode, 308)
  assert.equal((await ask(port, '/.well-known/acme-challenge/../known')).statusCode, 308)
})

test('what is no request by a host name is led nowhere', async (t) => {
  const port = await start(t)
  assert.equal((await ask(port, '/', 'a b')).statusCode, 400)
  assert.equal((await ask(port, 'http://elsewhere.example/')).statusCode, 400)
  const socket = connect(port, '127.0.0.1')
  socket.write('GET //evil.example/%0d%0a HTTP/1.1\r\nhost: db.example.com\r\n\r\n')
  const answer = await text(socket)
  assert.match(answer, /\r\nlocation: https:\/\/db\.example\.com\/\/evil\.example\/%0d%0a\r\n/)
})

/** Its server of HTTP is none of `node:net`, and tells of no failure to accept. */
const onNode = { skip: isBun && 'Bun tells of no failure to accept' }

test('a connection that the system cannot give ends nothing else', onNode, async (t) => {
  const listen = t.mock.method(Server.prototype, 'listen')
  const port = await start(t)
  const server: unknown = listen.mock.calls[0]?.this
  assert.ok(server instanceof Server)
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  assert.equal((await ask(port, '/')).statusCode, 308)
})
