import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { formatAuthority, hostOfAuthority } from '../address.ts'
import { listenError, type ListenAddress } from '../net/listen-address.ts'
import type { Closable } from '../shutdown.ts'

/** What plain HTTP is answered with. */
export interface HttpRedirectOptions {
  readonly address: ListenAddress
  /** The port of https that people come to; 443 stands in no URL. */
  httpsPort(host: string): number
  /** What a certificate authority looks for at `/.well-known/acme-challenge/TOKEN` (RFC 8555 §8.3). */
  keyAuthorization(token: string): string | undefined
}

export interface HttpRedirect extends Closable {
  readonly address: AddressInfo
}

/** @limit connections to `http_redirect_addr` at once: the oldest is closed for a further one */
const maxConnections = 1_000
/** @limit time for one request to `http_redirect_addr`: its connection is closed */
const requestTimeoutMs = 10_000
/** @limit head of a request to `http_redirect_addr`, in bytes: 431 */
const maxHeadBytes = 8 * 1024

const challengePath = /^\/\.well-known\/acme-challenge\/([\w-]{1,512})$/

/**
 * Serves plain HTTP: leads to https whoever asks, and shows authorities what proves a name. Nothing is read of a request
 * but its head, and every connection ends with its answer.
 *
 * @throws SystemError as `listenError`
 */
export async function serveHttpRedirect(options: HttpRedirectOptions): Promise<HttpRedirect> {
  const server = createServer(
    {
      maxHeaderSize: maxHeadBytes,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: requestTimeoutMs / 2,
      keepAlive: false,
    },
    (request, response) => answer(request, response, options),
  )
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    // Also of an answer: whoever does not take it is not waited for.
    socket.setTimeout(requestTimeoutMs, () => socket.destroy())
    const [oldest] = sockets
    if (sockets.size > maxConnections) oldest?.destroy()
  })
  server.listen(options.address)
  try {
    await once(server, 'listening')
  } catch (error) {
    const { host = '', port } = options.address
    throw listenError(error, host === '' ? `:${port}` : formatAuthority({ host, port }))
  }
  // As on the port: with no descriptor left `accept` fails, which without a listener would end the process.
  server.on('error', () => undefined)
  return {
    address: server.address() as AddressInfo,
    async close() {
      server.close()
      server.closeAllConnections()
      await Promise.resolve()
    },
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { httpsPort, keyAuthorization }: HttpRedirectOptions,
): void {
  // What comes behind the head is not read: the connection ends with the answer.
  response.setHeader('connection', 'close')
  const path = request.url ?? ''
  const [, token] = challengePath.exec(path) ?? []
  const shown = token === undefined ? undefined : keyAuthorization(token)
  if (shown !== undefined) return say(response, 200, shown, 'application/octet-stream')
  const host = hostOfAuthority(request.headers.host ?? '')
  if (host === undefined || !path.startsWith('/') || !isPlain(path)) {
    return say(response, 400, 'this address leads to https: ask it by a host name\n')
  }
  const port = httpsPort(host)
  const authority = port === 443 ? bracketed(host) : formatAuthority({ host, port })
  response.setHeader('location', `https://${authority}${path}`)
  // RFC 9110 §15.4.9: what was sent is sent again, as it was.
  say(response, 308, 'this service is at https\n')
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Whatever the parser lets through is written into a header. */
function isPlain(path: string): boolean {
  return /^[\x21-\x7e]*$/.test(path)
}

function say(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
