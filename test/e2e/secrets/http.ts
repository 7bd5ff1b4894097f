import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { keepPage } from './keep-page.ts'
import { fromAddress, fromFields, type HttpWatcher } from './messages.ts'

/**
 * Follows every request of this process, and every answer, over HTTP/1.1, by the channels that Node.js has for it: whoever asks
 * in a test, with whatever client, cannot forget to tell.
 */
export function watchHttp(watcher: HttpWatcher): void {
  subscribe('http.server.response.finish', (message) => {
    const { request, response } = message as {
      request: IncomingMessage
      response: ServerResponse
    }
    fromAddress(request.url, watcher)
    fromFields(request.headers, watcher)
    fromFields(response.getHeaders(), watcher)
  })
  // At its start: one that becomes a tunnel or a WebSocket has no answer that is told of.
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest }
    fromAddress(request.path, watcher)
    fromFields(request.getHeaders(), watcher)
  })
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = message as {
      request: ClientRequest
      response: IncomingMessage
    }
    fromFields(response.headers, watcher)
    keepPage(response, response.headers['content-type'], (text) => {
      watcher.page(`${request.protocol}//${String(request.getHeader('host'))}${request.path}`, text)
    })
  })
}
