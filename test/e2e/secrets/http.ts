import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { fromAddress, fromFields, isText, maxPageBytes, type HttpWatcher } from './messages.ts'

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
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = message as {
      request: ClientRequest
      response: IncomingMessage
    }
    fromAddress(request.path, watcher)
    fromFields(request.getHeaders(), watcher)
    fromFields(response.headers, watcher)
    keepPage(response, (text) => {
      watcher.page(`${request.protocol}//${String(request.getHeader('host'))}${request.path}`, text)
    })
  })
}

/** Sees what comes in without taking it from whoever reads it. */
function keepPage(response: IncomingMessage, done: (text: string) => void): void {
  if (!isText(response.headers['content-type'])) return
  const chunks: Buffer[] = []
  let leftBytes = maxPageBytes
  const push = response.push.bind(response)
  response.push = (chunk: Buffer | null, ...more) => {
    if (chunk === null) done(Buffer.concat(chunks).toString())
    else if (leftBytes > 0) chunks.push(chunk)
    leftBytes -= chunk?.length ?? 0
    return push(chunk, ...more)
  }
}
