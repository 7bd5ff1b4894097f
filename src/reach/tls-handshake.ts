import { isIP, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { formatAuthority, type HostPort } from '../address.ts'
import { messageOf } from '../errors.ts'
import { resetBeneath } from '../net/beneath.ts'
import { countTraffic } from '../net/runtime-http2.ts'
import { handshakeSignatures, refuseWeak } from '../net/runtime-tls.ts'
import type { Trust } from './trust.ts'

export interface HandshakeOptions {
  /** Whose certificate is expected. */
  readonly peer: HostPort
  readonly trust: Pick<Trust, 'isVerified' | 'clientCertificate'>
  /** In the form of `tls.connect`. */
  readonly authorities: { readonly ca?: string[] }
  readonly protocols: readonly string[]
  /** **Default:** Node's, TLS 1.2 */
  readonly minVersion?: 'TLSv1.3' | undefined
  readonly signal?: AbortSignal | undefined
  /** **Default:** 15 s */
  readonly timeoutMs?: number | undefined
}

/**
 * Time for a TLS handshake, in milliseconds.
 *
 * @limit time for a TLS handshake: `gateway-unreachable`
 */
const handshakeTimeoutMs = 15_000

/** Speaks TLS on a connection. Rejects with the error of the handshake as Node tells it. */
export function handshake(raw: Socket, options: HandshakeOptions): Promise<TLSSocket> {
  const { peer, trust, authorities, protocols, minVersion, signal } = options
  const { timeoutMs = handshakeTimeoutMs } = options
  const socket = connectTls({
    socket: raw,
    host: peer.host,
    // RFC 6066 §3: literal addresses are not permitted in "HostName".
    ...(isIP(peer.host) ? {} : { servername: peer.host }),
    ALPNProtocols: [...protocols],
    ...handshakeSignatures,
    ...(minVersion && { minVersion }),
    rejectUnauthorized: trust.isVerified,
    ...authorities,
    ...trust.clientCertificate,
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const message = `no answer from "${formatAuthority(peer)}" in ${timeoutMs} ms`
      fail(Object.assign(new Error(message), { code: 'ETIMEDOUT' }))
    }, timeoutMs)
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
      try {
        if (trust.isVerified) refuseWeak(socket)
      } catch (error) {
        fail(error)
        return
      }
      release()
      // Giving up a tunnel is a reset then: a gateway that saw an end would take the half it got for
      // the whole.
      // A proxy's own TLS has no reset.
      if (raw instanceof TLSSocket) countTraffic(socket, raw)
      else resetBeneath(socket, raw)
      resolve(socket)
    })
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
  })
}
