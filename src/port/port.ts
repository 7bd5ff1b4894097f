import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { withoutRootDot } from '../address.ts'
import { isBun } from '../is-bun.ts'
import { runsOn } from '../net/beneath.ts'
import { keepAliveMs } from '../net/dial.ts'
import { listenError, type ListenAddress } from '../net/listen-address.ts'
import { httpFaultOf, isRenegotiation } from '../net/runtime.ts'
import { findPlainHttp } from '../net/runtime-tls.ts'
import type { CutCode } from '../tunnel/cut.ts'
import { createChallengeAnswers, type TlsAlpnChallenges } from './acme-challenge.ts'
import { createClientAddresses, type ClientAddresses } from './peers/client-addresses.ts'
import type { ClientCertificates } from './client-certificates/client-certificates.ts'
import { createHttp1Server } from './http/http1-server.ts'
import { createHttp2Server } from './http/http2-server.ts'
import type { HttpServerOptions } from './http/port-handlers.ts'
import { pagesInTurns } from './http/turns.ts'
import type { Peer } from './peers/peer.ts'
import type { Peers } from './peers/peers.ts'
import type { PortProtocol } from './peers/port-protocol.ts'
import type { ProxyAdmission } from './proxy-admission.ts'
import type { Certificate, TlsContexts } from './tls-contexts.ts'

export interface PortOptions extends HttpServerOptions {
  readonly address: ListenAddress
  readonly contexts: TlsContexts
  /** Registers every connection. */
  readonly peers: Peers
  /** Reads what stands before TLS, and says who may go on; without it everybody may. */
  readonly admission?: ProxyAdmission
  /**
   * Looks at what a client showed in its handshake. Without it nothing is noted: then every policy that
   * asks for a certificate says no.
   */
  readonly clientCertificates?: Pick<ClientCertificates, 'admit'>
  /** What is spoken besides HTTP, preferred to it where a client offers both. */
  readonly protocols?: readonly PortProtocol[]
  /** What is handed out with a certificate in DER, where a client asks for it: an OCSP answer (RFC 6066 §8). */
  readonly staple?: (certificate: Buffer) => Buffer | undefined
  /** What a certificate authority may come to look for. */
  readonly challenges?: TlsAlpnChallenges
  /** Time for a TLS handshake, in milliseconds; default 15 s. */
  readonly handshakeTimeoutMs?: number
}

export interface Port {
  /** Where it listens, with the port the system chose. */
  readonly address: AddressInfo
  /** New connections get these; those that are open keep theirs. `clientCa` as in `TlsContexts`. */
  replaceCertificates(certificates: readonly Certificate[], clientCa?: string): void
  /** As `TlsContexts.setReserved`, for new connections. */
  setReservedNames(serverNames: readonly string[], certificate: Certificate): void
  /** As `TlsContexts.awaitReserved`. */
  awaitReservedNames(serverNames: readonly string[], made: () => Promise<void>): void
  /** Frees the port and lets go of connections without anything under way. */
  stopAccepting(): void
  /** Tells clients why all their tunnels are cut now, where their transport has a way to say it. */
  announceCut(code: CutCode): void
  /** Lets go of connections that were kept although nothing is under way; after `stopAccepting`. */
  letGo(): void
  /** Resolves once no connection is left; to be asked after `stopAccepting`. */
  emptied(): Promise<void>
  /** Ends every connection that is still there. */
  destroy(): void
}

/** @limit time for a TLS handshake: the connection is closed */
const defaultHandshakeTimeoutMs = 15_000

/**
 * Listens on the one port: PROXY header, TLS, then a protocol by ALPN (RFC 7301). A client that offers
 * only others fails its handshake; one that offers none is taken to speak HTTP/1.1.
 *
 * @throws SystemError `address-in-use`, `address-not-allowed` or `cannot-listen`
 */
export async function openPort(options: PortOptions): Promise<Port> {
  const { peers, handshakeTimeoutMs = defaultHandshakeTimeoutMs } = options
  const sockets = new Set<Socket>()
  /** Those whose handshake is not done: nothing is under way on them. */
  const beginning = new Set<Socket>()
  const { promise: emptied, resolve: onEmptied } = Promise.withResolvers<void>()
  const clients = createClientAddresses()
  const servers = { ...options, handlers: pagesInTurns(options.handlers) }
  const http1 = createHttp1Server(servers, clients, peers)
  const http2 = createHttp2Server(servers, clients)
  /** Of those that a client offers, the first of these is chosen. */
  const protocols = [...(options.protocols ?? []), http2, http1]
  const serve = (socket: tls.TLSSocket): void => {
    const peer = peers.of(socket)
    if (peer === undefined) {
      socket.destroy()
      return
    }
    beginning.delete(peer.connection)
    socket.allowHalfOpen = true
    peer.progressed()
    refuseRenegotiation(socket, peer)
    runsOn(socket, peer.connection)
    const certificate = options.clientCertificates?.admit(socket, clients.get(socket).ip)
    if (certificate === 'refused') {
      // Before a byte is read: under TLS 1.3 the client takes its handshake for done.
      socket.destroy()
      return
    }
    clients.setCertificate(socket, certificate)
    chooseProtocol(socket, protocols, http1).serve(socket, peer)
  }
  const refusePlainHttp = (error: Error, connection: Socket): void =>
    options.handlers.malformedHttp1(error, connection, clients.get(connection))
  const alpn = protocols.flatMap(({ name }) => name ?? [])
  const tlsOptions = { ...options, handshakeTimeoutMs, alpn }
  let secure = createTlsServer(tlsOptions, serve, refusePlainHttp)

  const challenges =
    options.challenges && createChallengeAnswers(options.challenges, handshakeTimeoutMs)
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    beginning.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      beginning.delete(socket)
      if (sockets.size === 0 && !listener.listening) onEmptied()
    })
    socket.setKeepAlive(true, keepAliveMs)
    const peer = peers.begin(socket)
    const takeUp = async (): Promise<void> => {
      const isAdmitted = await admit(socket, options.admission, clients)
      if (isAdmitted) peer.from(clients.get(socket).ip)
      else socket.destroy()
      if (!isAdmitted || !peer.isOpen) return
      if (challenges?.isExpecting === true) {
        if (await challenges.take(socket)) return
        if (!peer.isOpen || socket.destroyed) return
      }
      const fault = isBun && (await findPlainHttp(socket, handshakeTimeoutMs))
      if (!peer.isOpen || socket.destroyed) return
      if (fault) {
        refusePlainHttp(fault, socket)
        if (!socket.writableEnded) socket.destroy()
        return
      }
      // TLS takes this over: whoever ends in the middle of a handshake is gone, and must not keep a descriptor until
      // its time is up.
      socket.allowHalfOpen = false
      secure.emit('connection', socket)
      socket.allowHalfOpen = true
    }
    void takeUp()
  })
  await listen(listener, options.address)
  // Without a listener the second failure of `accept` would end the process.
  listener.on('error', () => peers.outOfDescriptors())
  return {
    address: listener.address() as AddressInfo,
    replaceCertificates(certificates, clientCa) {
      options.contexts.replace(certificates, clientCa)
      // A new one: whether clients are asked for a certificate cannot be changed in a running one.
      secure = createTlsServer(tlsOptions, serve, refusePlainHttp)
    },
    setReservedNames: (names, certificate) => options.contexts.setReserved(names, certificate),
    awaitReservedNames: (names, made) => options.contexts.awaitReserved(names, made),
    stopAccepting() {
      listener.close()
      for (const protocol of protocols) protocol.stopAccepting()
      for (const socket of beginning) socket.destroy()
      if (sockets.size === 0) onEmptied()
    },
    announceCut(code) {
      for (const protocol of protocols) protocol.announceCut?.(code)
    },
    letGo() {
      for (const protocol of protocols) protocol.letGo?.()
    },
    emptied: () => emptied,
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** By its server name, or else in ALPN; `fallback` is for clients that choose nothing. */
function chooseProtocol(
  { servername, alpnProtocol }: tls.TLSSocket,
  protocols: readonly PortProtocol[],
  fallback: PortProtocol,
): PortProtocol {
  const serverName = withoutRootDot(servername || '').toLowerCase()
  return (
    protocols.find(({ serverNames }) => serverNames?.includes(serverName)) ??
    protocols.find(({ name }) => name === alpnProtocol) ??
    fallback
  )
}

/** Shakes hands; it never listens, and gets its connections by `emit('connection')`. */
function createTlsServer(
  options: PortOptions & { readonly handshakeTimeoutMs: number; readonly alpn: readonly string[] },
  serve: (socket: tls.TLSSocket) => void,
  refusePlainHttp: (error: Error, connection: Socket) => void,
): tls.Server {
  const server = tls.createServer({
    ...options.contexts.base,
    SNICallback: options.contexts.select,
    // Of a list Node keeps a copy for each connection: a few bytes of a pool, of which one in use keeps 64 KiB.
    ALPNCallback: ({ protocols }) => options.alpn.find((name) => protocols.includes(name)),
    handshakeTimeout: options.handshakeTimeoutMs,
  })
  server.on('secureConnection', serve)
  const { staple } = options
  // At once, and from memory: a handshake waits for nobody on the network.
  if (staple !== undefined)
    server.on('OCSPRequest', (certificate, _, answer) => answer(null, staple(certificate) ?? null))
  server.on('tlsClientError', (error, socket) => {
    const connection = options.peers.of(socket)?.connection
    // Now: Node closes the connection beneath as soon as this returns.
    if (connection !== undefined && httpFaultOf(error) === 'plain-http') {
      refusePlainHttp(error, connection)
    }
    // Node leaves the connection open after a handshake that took too long.
    else socket.destroy()
  })
  return server
}

/**
 * A handshake costs the gateway ten times what it costs a client, and TLS 1.2 lets one ask for it again
 * and again on the same connection (RFC 5246 §7.4.1.1). No client of ours does.
 */
function refuseRenegotiation(socket: tls.TLSSocket, peer: Peer): void {
  if (socket.getProtocol() !== 'TLSv1.2') return
  socket.disableRenegotiation()
  socket.on('error', (error) => {
    if (isRenegotiation(error)) peer.close('renegotiation')
  })
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
