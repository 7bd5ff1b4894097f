import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { SystemError, messageOf } from '../errors.ts'
import { answerHalfClosed } from '../net/runtime.ts'
import type { Closable } from '../shutdown.ts'
import type { Metrics } from './metrics.ts'

/** A `ListenAddress` of the gateway's configuration fits by shape. */
export interface MetricsAddress {
  /** Undefined for every address of the machine. */
  readonly host: string | undefined
  /** 0 for a port the system chooses. */
  readonly port: number
}

export interface MetricsServer extends Closable {
  readonly address: AddressInfo
}

/**
 * A scraper asks for one small page; more than this many connections are refused.
 *
 * @limit connections of scrapers: further ones are closed
 */
const maxConnections = 64
/** @limit time for one request of a scraper: its connection is closed */
const requestTimeoutMs = 10_000

/**
 * Serves `GET /metrics` over plain HTTP and nothing else. Rejects with a `SystemError`
 * (`metrics-address-unavailable`) when the address cannot be listened on.
 */
export async function serveMetrics(
  metrics: Metrics,
  address: MetricsAddress,
): Promise<MetricsServer> {
  const options = { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs }
  const server = createServer(options, (request, response) => {
    answer(metrics, request, response).catch(() => response.destroy())
  })
  // How many sessions there are is asked of the store, which may take longer than a script leaves its side open.
  answerHalfClosed(server)
  server.maxConnections = maxConnections
  server.listen(address)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new SystemError('metrics-address-unavailable', messageOf(error), { cause: error })
  }
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

async function answer(
  metrics: Metrics,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  // To its end: closing with unread input sends a reset, which would take the answer along.
  if (!isRead) await once(request.resume(), 'end')
  if (request.url?.split('?', 1)[0] !== '/metrics') {
    response.writeHead(404).end()
  } else if (!isRead) {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
  } else {
    const body = await metrics.render()
    response.writeHead(200, { 'content-type': metrics.contentType }).end(body)
  }
}
