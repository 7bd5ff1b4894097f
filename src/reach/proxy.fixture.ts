import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { createCertificateAuthority } from '../net/certificate.ts'
import { dial } from '../net/dial.ts'

/** Signs the certificate of a proxy that speaks TLS. */
export const proxyAuthority = await createCertificateAuthority()

export interface TestProxy extends AsyncDisposable {
  readonly port: number
  /** Each CONNECT: its target and what it said to sign in. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[]
}

/** An HTTP proxy that leads every CONNECT to the same port, or answers `status`. */
export async function startProxy(options: {
  readonly to?: number
  readonly status?: number
  readonly isTls?: boolean
  /** Whether a 100 comes before its answer. */
  readonly informsFirst?: boolean
}): Promise<TestProxy> {
  const asked: TestProxy['asked'] = []
  const sockets = new Set<Duplex>()
  const pair = await proxyAuthority.issue(['localhost'])
  const server = options.isTls === true ? createTls(pair) : createServer()
  server.on('connection', (socket: Duplex) => sockets.add(socket))
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    asked.push({
      target: request.url ?? '',
      authorization: request.headers['proxy-authorization'],
    })
    socket.on('error', () => undefined)
    const { status = 200 } = options
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} x\r\n\r\n<html>`)
      return
    }
    void dial({ host: '127.0.0.1', port: options.to ?? 0 }).then((upstream) => {
      sockets.add(upstream)
      if (options.informsFirst === true) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      socket.write('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dispose = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { port: portOf(server), asked, [Symbol.asyncDispose]: dispose }
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
