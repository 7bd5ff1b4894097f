import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP, type AddressInfo, type Socket } from 'node:net'

import { hostOfAuthority, isLoopbackHost, unmapIPv4 } from '../address.ts'
import { SystemError, messageOf } from '../errors.ts'
import { answerHalfClosed } from '../net/runtime.ts'
import type { Closable } from '../shutdown.ts'

/** A `ListenAddress` of the gateway's configuration fits by shape. */
export interface MetricsAddress {
  /** Undefined for every address of the machine. */
  readonly host: string | undefined
  /** 0 for a port the system chooses. */
  readonly port: number
}

/** What a scraper is answered; `Metrics` of the gateway is one. */
export interface RenderedMetrics {
  readonly contentType: string
  render(): Promise<string>
}

export interface MetricsServer extends Closable {
  readonly address: AddressInfo
}

/**
 * A scraper asks for one small page. Whoever opens connections and says nothing must not keep others from asking
 * whether this is alive: an orchestrator would end it.
 *
 * @limit connections of scrapers: the oldest is closed for a further one
 */
const maxConnections = 64
/** @limit time for one request of a scraper: its connection is closed */
const requestTimeoutMs = 10_000

/** What else is answered, by path. */
export type StatusPages = Readonly<Record<string, () => StatusPage>>

export interface StatusPage {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/**
 * Serves `GET /metrics` and the given pages over plain HTTP, and nothing else. Rejects with a `SystemError`
 * (`metrics-address-unavailable`) when the address cannot be listened on.
 */
export async function serveMetrics(
  metrics: RenderedMetrics,
  address: MetricsAddress,
  pages: StatusPages = {},
): Promise<MetricsServer> {
  const options = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    // Node's own is 30 s: a limit is found to be exceeded then, and not before.
    connectionsCheckingInterval: requestTimeoutMs / 2,
  }
  const server = createServer(options, (request, response) => {
    if (!isMeant(request, address)) return refuse(request, response)
    answer({ metrics, pages }, request, response).catch(() => response.destroy())
  })
  // How many sessions there are is asked of the store, which may take longer than a script leaves its side open.
  answerHalfClosed(server)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    const [oldest] = sockets
    if (sockets.size > maxConnections) oldest?.destroy()
  })
  server.listen(address)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new SystemError('metrics-address-unavailable', messageOf(error), { cause: error })
  }
  // Without a listener a failed `accept`, as with no descriptor left, would end the process.
  server.on('error', () => undefined)
  let closing: Promise<void> | undefined
  return {
    address: server.address() as AddressInfo,
    close(graceMs) {
      closing ??= new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearTimeout(cut)
          resolve()
        })
        server.closeIdleConnections()
      })
      return closing
    },
  }
}

/**
 * A page in a browser on this machine may have its own name lead to a loopback address (DNS rebinding), and read then
 * what is answered under that name. Who asks by an address, or another machine by whatever name it has for this one, is
 * no such page.
 */
function isMeant({ headers: { host }, socket }: IncomingMessage, bound: MetricsAddress): boolean {
  if (host === undefined || !isLoopbackHost(unmapIPv4(socket.localAddress ?? ''))) return true
  const name = hostOfAuthority(host) ?? ''
  return isIP(name) !== 0 || /^(?:.+\.)?localhost$/.test(name) || name === bound.host
}

/** RFC 9110 section 15.5.20. */
function refuse(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  response.writeHead(421, { 'content-type': 'text/plain; charset=utf-8' })
  response.end('ask by the address, or by "localhost"\n')
}

async function answer(
  served: { readonly metrics: RenderedMetrics; readonly pages: StatusPages },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  // To its end: closing with unread input sends a reset, which would take the answer along.
  if (!isRead) await once(request.resume(), 'end')
  const page = await pageAt(request.url?.split('?', 1)[0] ?? '', served)
  if (page === undefined) {
    response.writeHead(404).end()
  } else if (!isRead) {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
  } else {
    response.writeHead(page.status, { 'content-type': page.contentType }).end(page.body)
  }
}

async function pageAt(
  path: string,
  { metrics, pages }: { readonly metrics: RenderedMetrics; readonly pages: StatusPages },
): Promise<StatusPage | undefined> {
  if (path === '/metrics') {
    return { status: 200, contentType: metrics.contentType, body: await metrics.render() }
  }
  return Object.hasOwn(pages, path) ? pages[path]?.() : undefined
}
