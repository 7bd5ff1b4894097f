import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe } from 'node:test'
import { openChromium } from '../peers/chromium.ts'
import { peerTest } from '../peers.ts'
import type { Scope } from '../scope.ts'
import { searched, token } from './plant.ts'

const cookie = 'a-cookie-of-this-page'
const code = 'a-code-of-this-page'
const state = 'a-state-of-this-page'

describe('a secret of a message that only a browser has met is found', () => {
  peerTest('the cookie, code and state of an answer', ['Chromium'], async () => {
    const run = async (scope: Scope): Promise<void> => {
      await visitThere(scope, '<p>nothing')
      for (const word of [cookie, code, state]) scope.secrets.place(`${word} in a log`, () => word)
    }
    await assert.rejects(searched(run), (error: Error) => {
      for (const kind of ['cookie', 'code', 'state'])
        assert.match(error.message, RegExp(`a ${kind} in`))
      return true
    })
  })

  peerTest('a page', ['Chromium'], async () => {
    await assert.rejects(
      searched((scope) => visitThere(scope, `<p>${encodeURIComponent(token)}`)),
      /a session token in page http:\/\/127\.0\.0\.1:\d+\/there/,
    )
  })
})

/** Has a browser come to a page by a redirect. Not from a server of node:http, which would be heard as well. */
async function visitThere(scope: Scope, html: string): Promise<void> {
  const redirect = [
    'HTTP/1.1 302 Found',
    `set-cookie: name=${cookie}; Path=/`,
    `location: /there?code=${code}&state=${state}`,
    'content-length: 0',
  ]
  const page = ['HTTP/1.1 200 OK', 'content-type: text/html', `content-length: ${html.length}`]
  const server = createServer((socket) => {
    // A browser that does not need it ends it by a reset.
    socket.on('error', () => undefined)
    socket.once('data', (request) => {
      const isThere = request.toString().startsWith('GET /there?')
      const head = [...(isThere ? page : redirect), 'connection: close'].join('\r\n')
      socket.end(`${head}\r\n\r\n${isThere ? html : ''}`)
    })
  }).listen(0, '127.0.0.1')
  scope.defer(() => void server.close())
  await once(server, 'listening')
  const { page: tab } = await openChromium(scope)
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}
