import { subscribe } from 'node:diagnostics_channel'
import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import { keepPage } from './keep-page.ts'
import { fromAddress, fromFields, type HttpWatcher } from './messages.ts'

interface Message {
  readonly headers: IncomingHttpHeaders | OutgoingHttpHeaders
}

/** The same over HTTP/2: requests, tunnels (RFC 9113, section 8.5) and WebSockets (RFC 8441), whichever side this process is. */
export function watchHttp2(watcher: HttpWatcher): void {
  for (const side of ['client', 'server']) {
    subscribe(`http2.${side}.stream.start`, (message) => {
      const { headers } = message as Message
      fromAddress(textOf(headers[':path']), watcher)
      fromFields(headers, watcher)
    })
    // Once the head of the answer has come, or gone.
    subscribe(`http2.${side}.stream.finish`, (message) => {
      fromFields((message as Message).headers, watcher)
    })
  }
  subscribe('http2.client.stream.finish', (message) => {
    const { stream, headers } = message as Message & { readonly stream: ClientHttp2Stream }
    keepPage(stream, textOf(headers['content-type']), (text) => {
      const { ':scheme': scheme = 'https', ':authority': authority, ':path': path } = asked(stream)
      watcher.page(`${String(scheme)}://${String(authority)}${String(path)}`, text)
    })
  })
}

function asked({ sentHeaders }: ClientHttp2Stream): OutgoingHttpHeaders {
  return sentHeaders ?? {}
}

function textOf(field: unknown): string | undefined {
  return typeof field === 'string' ? field : undefined
}
