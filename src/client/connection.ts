import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { formatAuthority } from '../address.ts'
import { UpstreamError, messageOf } from '../errors.ts'
import { dial } from '../net/dial.ts'
import type { GatewayAddress } from './destination.ts'
import { allAuthorities, firstAuthorities, type Trust } from './trust.ts'
import { isUnknownIssuer, tlsError } from './tls-error.ts'

export type Alpn = 'h2' | 'http/1.1'

/** A connection to the gateway and what is to be spoken on it. */
export interface GatewayConnection {
  readonly socket: Socket
  readonly protocol: Alpn
}

export interface Connector {
  /**
   * Connects to the gateway, TLS included.
   *
   * @throws UpstreamError `gateway-unreachable` or `gateway-not-trusted`
   */
  open(protocols: readonly Alpn[], signal?: AbortSignal): Promise<GatewayConnection>
}

/** Time for a TLS handshake, in milliseconds. */
const handshakeTimeoutMs = 15_000

/** Makes connections to one gateway, and remembers whom it takes to believe its certificate. */
export function createConnector(gateway: GatewayAddress, trust: Trust): Connector {
  let authorities = firstAuthorities(trust)
  let areAll = !trust.isVerified

  async function openTls(protocols: readonly Alpn[], signal?: AbortSignal): Promise<TLSSocket> {
    const raw = await dialGateway(gateway, signal)
    try {
      return await handshake(raw, gateway, trust, authorities, protocols, signal)
    } catch (error) {
      if (areAll || !isUnknownIssuer(error)) throw tlsError(gateway, error)
      authorities = allAuthorities(trust)
      areAll = true
      return openTls(protocols, signal)
    }
  }

  return {
    async open(protocols, signal) {
      if (!gateway.isTls) {
        return { socket: await dialGateway(gateway, signal), protocol: 'http/1.1' }
      }
      const socket = await openTls(protocols, signal)
      return { socket, protocol: socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1' }
    },
  }
}

async function dialGateway(gateway: GatewayAddress, signal?: AbortSignal): Promise<Socket> {
  try {
    return await dial({ host: gateway.host, port: gateway.port }, { signal })
  } catch (error) {
    throw new UpstreamError('gateway-unreachable', `the gateway ${messageOf(error)}`, {
      cause: error,
      hint: 'check the network and the name; "--gateway URL" names a gateway that is not at the destination\'s own host',
    })
  }
}

/** Rejects with the error of the handshake as Node tells it. */
function handshake(
  raw: Socket,
  gateway: GatewayAddress,
  trust: Trust,
  authorities: { readonly ca?: string[] },
  protocols: readonly Alpn[],
  signal?: AbortSignal,
): Promise<TLSSocket> {
  const socket = connectTls({
    socket: raw,
    host: gateway.host,
    // RFC 6066 §3: literal addresses are not permitted in "HostName".
    ...(isIP(gateway.host) ? {} : { servername: gateway.host }),
    ALPNProtocols: [...protocols],
    rejectUnauthorized: trust.isVerified,
    ...authorities,
    ...trust.clientCertificate,
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      fail(new Error(`no answer from "${formatAuthority(gateway)}" in ${handshakeTimeoutMs} ms`))
    }, handshakeTimeoutMs)
    const onAbort = (): void => fail(signal?.reason)
    const release = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    function fail(error: unknown): void {
      release()
      socket.destroy()
      reject(error instanceof Error ? error : new Error(messageOf(error)))
    }
    // Stays for the socket's life: whoever takes it over learns of its end by 'close'.
    socket.on('error', fail)
    socket.once('secureConnect', () => {
      release()
      resolve(socket)
    })
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
  })
}
