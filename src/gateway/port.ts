import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { keepAliveMs } from '../net/dial.ts'
import { createClientAddresses, type ClientAddresses } from './client-addresses.ts'
import type { Certificate, ListenAddress } from './config/config.ts'
import { createHttp1Server } from './http1-server.ts'
import { createHttp2Server } from './http2-server.ts'
import type { HttpServerOptions } from './port-handlers.ts'
import { listenError } from './listen-error.ts'
import type { ProxyAdmission } from './proxy-admission.ts'
import type { TlsContexts } from './tls-contexts.ts'

export interface PortOptions extends HttpServerOptions {
  readonly address: ListenAddress
  readonly contexts: TlsContexts
  /** Reads what stands before TLS, and says who may go on; without it everybody may. */
  readonly admission?: ProxyAdmission
  /** Time for a TLS handshake, in milliseconds; default 15 s. */
  readonly handshakeTimeoutMs?: number
}

export interface Port {
  /** Where it listens, with the port the system chose. */
  readonly address: AddressInfo
  /** New connections get these; those that are open keep theirs. */
  replaceCertificates(certificates: readonly Certificate[]): void
  /** Frees the port and lets go of connections without anything under way. */
  stopAccepting(): void
  /** Resolves once no connection is left; to be asked after `stopAccepting`. */
  emptied(): Promise<void>
  /** Ends every connection that is still there. */
  destroy(): void
}

const defaultHandshakeTimeoutMs = 15_000
/**
 * Listens on the one port: PROXY header, TLS, then HTTP/1.1 or HTTP/2 by ALPN. The HTTP servers get
 * their connections by `emit('connection')` and never listen.
 *
 * @throws SystemError `address-in-use`, `address-not-allowed` or `cannot-listen`
 */
export async function openPort(options: PortOptions): Promise<Port> {
  const sockets = new Set<Socket>()
  const { promise: emptied, resolve: onEmptied } = Promise.withResolvers<void>()
  const clients = createClientAddresses()
  const http1 = createHttp1Server(options, clients)
  const secondVersion = createHttp2Server(options, clients)
  const secure = tls.createServer({
    ...options.contexts.base,
    SNICallback: options.contexts.select,
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: options.handshakeTimeoutMs ?? defaultHandshakeTimeoutMs,
  })
  secure.on('secureConnection', (socket) => {
    if (socket.alpnProtocol === 'h2') secondVersion.accept(socket)
    else http1.emit('connection', socket)
  })
  // Node leaves the connection open after a handshake that failed or took too long.
  secure.on('tlsClientError', (_error, socket) => socket.destroy())

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0 && !listener.listening) onEmptied()
    })
    socket.setKeepAlive(true, keepAliveMs)
    void admit(socket, options.admission, clients).then((isAdmitted) => {
      if (isAdmitted) secure.emit('connection', socket)
      else socket.destroy()
    })
  })
  await listen(listener, options.address)
  return {
    address: listener.address() as AddressInfo,
    replaceCertificates(certificates) {
      options.contexts.replace(certificates)
      secure.setSecureContext(options.contexts.base)
    },
    stopAccepting() {
      listener.close()
      http1.close()
      secondVersion.close()
      if (sockets.size === 0) onEmptied()
    },
    emptied: () => emptied,
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function admit(
  socket: Socket,
  admission: ProxyAdmission | undefined,
  clients: ClientAddresses,
): Promise<boolean> {
  const header = await admission?.admit(socket)
  if (header === 'refused') return false
  clients.set(socket, header)
  return true
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, `${host ?? ''}:${port}`)))
    server.listen(host === undefined ? { port } : { host, port }, resolve)
  })
}
