import { once } from 'node:events'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { formatAuthority, withoutRootDot, type HostPort } from '../../address.ts'
import type { Clock } from '../../clock.ts'
import { dial } from '../../net/dial.ts'
import { rowKeysOf, tcpEndpointsOf } from '../../net/proc-tcp.ts'
import { refuseWeak } from '../../net/runtime-tls.ts'
import type { PeerTls } from './peer-tls.ts'

/** A connection to a receiver whose certificate was checked. */
export interface TlsConnection {
  readonly socket: TLSSocket
  /** By which the kernel's row of it is found. */
  readonly rowKeys: readonly string[]
}

/** @limit time for a receiver of audit records to answer a connection and its TLS handshake: it is tried again */
const connectTimeoutMs = 15_000
/** How often an idle connection is probed, in milliseconds. */
const keepAliveMs = 15_000

/**
 * Connects with TLS 1.2 or later. The certificate must lead to an authority of `tls`, hold now, and name the receiver
 * (RFC 5425 §5.1 and §5.2, RFC 9525). Rejects with what is wrong, as Node tells it.
 */
export async function openTls(
  address: HostPort,
  { context, serverName }: PeerTls,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<TlsConnection> {
  const limit = new AbortController()
  using _ = clock.schedule(connectTimeoutMs, () => {
    limit.abort(new Error(`"${formatAuthority(address)}" did not answer in time`))
  })
  const ended = AbortSignal.any([signal, limit.signal])
  const tooLate = (error: unknown): unknown => (limit.signal.aborted ? limit.signal.reason : error)
  const dialling = dial(address, { timeoutMs: connectTimeoutMs, signal: ended, clock })
  const raw = await dialling.catch((error: unknown) => {
    throw tooLate(error)
  })
  raw.setKeepAlive(true, keepAliveMs)
  const host = withoutRootDot(serverName ?? address.host)
  const socket = connect({
    socket: raw,
    host,
    // RFC 6066 §3: no address is a server name; the certificate is then checked for the address.
    servername: isIP(host) === 0 ? host : '',
    secureContext: context,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
  })
  socket.on('error', ignore)
  try {
    await once(socket, 'secureConnect', { signal: ended })
    refuseWeak(socket)
  } catch (error) {
    socket.destroy()
    raw.destroy()
    throw tooLate(error)
  }
  const endpoints = tcpEndpointsOf(raw)
  return { socket, rowKeys: endpoints === undefined ? [] : rowKeysOf(endpoints) }
}

function ignore(): void {
  // Reported by whoever waits.
}
