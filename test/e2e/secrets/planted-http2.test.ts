import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { Scope } from '../scope.ts'
import { searched, token } from './plant.ts'

describe('a secret of a message over HTTP/2 is met, and found where it does not belong', () => {
  async function isFoundIn(fields: http2.OutgoingHttpHeaders): Promise<void> {
    const run = async (scope: Scope): Promise<void> => {
      const bearer = 'a-token-of-this-request'
      await askByHttp2(scope, {
        ...fields,
        ':method': 'CONNECT',
        authorization: `Bearer ${bearer}`,
      })
      scope.secrets.place('a log', () => `so: ${bearer}`)
    }
    await assert.rejects(searched(run), /an? authorization in a log/)
  }

  test('the token of a CONNECT', () => isFoundIn({ ':authority': 'ssh.example.com:22' }))

  test('the token of a WebSocket', () =>
    isFoundIn({ ':protocol': 'websocket', ':path': '/', ':authority': 'localhost' }))

  test('the cookie and the code of an answer', async () => {
    const run = async (scope: Scope): Promise<void> => {
      await askByHttp2(
        scope,
        { ':path': '/?state=a-state-of-this-page' },
        { 'set-cookie': ['name=a-cookie-of-this-page; Path=/'], location: '/?code=a-code-of-this' },
      )
      for (const word of ['a-cookie-of-this-page', 'a-code-of-this', 'a-state-of-this-page'])
        scope.secrets.place(`${word} in a log`, () => word)
    }
    await assert.rejects(searched(run), (error: Error) => {
      for (const kind of ['cookie', 'code', 'state'])
        assert.match(error.message, RegExp(`a ${kind} in`))
      return true
    })
  })

  test('a page', async () => {
    const run = async (scope: Scope): Promise<void> => {
      const page = `<p>${encodeURIComponent(token)}</p>`
      await askByHttp2(scope, { ':path': '/home' }, { 'content-type': 'text/html' }, page)
    }
    await assert.rejects(searched(run), /a session token in page http:\/\/127\.0\.0\.1:\d+\/home/)
  })
})

/** Asks a server of this process, and reads its answer. */
async function askByHttp2(
  scope: Scope,
  request: http2.OutgoingHttpHeaders,
  answer: http2.OutgoingHttpHeaders = {},
  body = '',
): Promise<void> {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } })
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.respond({ ':status': 200, ...answer })
    stream.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.defer(() => void server.close())
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  scope.defer(() => session.close())
  // Only then it may be asked for a WebSocket.
  await once(session, 'remoteSettings')
  const stream = session.request(request)
  stream.end()
  await once(stream.resume(), 'close')
}
