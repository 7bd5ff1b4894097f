import type { Socket } from 'node:net'
import type { TunnelBytes } from '../../net/direction.ts'
import type { Closable } from '../../shutdown.ts'
import { serveConnection, type Outcome, type TunnelOpener } from './connection.ts'
import type { LocalAddress } from './listen-address.ts'
import { startListener } from './listener.ts'
import type { Admission } from './same-user.ts'

/** A connection that a program made to a local address. */
export interface ForwardedConnection {
  /** Tells the connections of one forward apart, from 1 on. */
  readonly id: number
  /** Address and port of the program, or `local` at a Unix socket. */
  readonly peer: string
  /** Where its tunnel leads. */
  readonly authority: string
  /** What has passed up to now. */
  readonly bytes: Readonly<TunnelBytes>
}

/** What happens to a connection: it begins, may be connected, and comes to one outcome or is refused. */
export type ConnectionEvent = { readonly connection: ForwardedConnection } & (
  | { readonly kind: 'began' | 'connected' }
  /** It is not for us to serve, such as another user's; none of its bytes was read. */
  | { readonly kind: 'refused'; readonly why: string }
  | Outcome
)

export interface ForwardOptions {
  readonly listen: LocalAddress
  /** The destination, as it goes into CONNECT. */
  readonly authority: string
  /** Whose tunnels are used; as many forwards as there are may share one. */
  readonly client: TunnelOpener
  /** Who may connect. **Default:** everybody who can */
  readonly admission?: Admission | undefined
  /** Told of everything, at once and in order. Must not throw. */
  readonly report: (event: ConnectionEvent) => void
}

/** A local address whose connections become tunnels to one destination. */
export interface Forward extends Closable {
  /** As people write it, with the port that the system chose. */
  readonly address: string
}

/**
 * Listens, and carries each connection through a tunnel of its own. What goes wrong with one ends nothing
 * else. Whoever closes it has the client's tunnels left, for other forwards.
 *
 * @throws SystemError `address-in-use`, `address-not-allowed` or `cannot-listen`
 */
export function startForward(options: ForwardOptions): Promise<Forward> {
  let lastId = 0
  return startListener(options.listen, (socket, closing) => {
    lastId += 1
    const bytes = { up: 0, down: 0 }
    const { authority } = options
    const connection = { id: lastId, peer: peerOf(socket), authority, bytes }
    return serve(socket, connection, options, closing)
  })
}

async function serve(
  socket: Socket,
  connection: ForwardedConnection & { readonly bytes: TunnelBytes },
  { authority, client, admission, report }: ForwardOptions,
  closing: AbortSignal,
): Promise<void> {
  report({ connection, kind: 'began' })
  const why = admission && (await whyRefused(socket, admission))
  if (why !== undefined) return report({ connection, kind: 'refused', why })
  const onConnected = (): void => report({ connection, kind: 'connected' })
  const outcome = await serveConnection(socket, {
    authority,
    client,
    bytes: connection.bytes,
    onConnected,
    closing,
  })
  report({ connection, ...outcome })
}

/** Says why a connection was refused: no byte of it has been read by us, and none goes anywhere. */
export async function whyRefused(
  socket: Socket,
  admission: Admission,
): Promise<string | undefined> {
  // Nobody else listens yet.
  socket.on('error', () => undefined)
  const why = await admission(socket)
  // Whoever has left is not refused any more.
  if (why === undefined || socket.destroyed) return undefined
  socket.resetAndDestroy()
  return why
}

/** Address and port of whoever connected, or `local` at a Unix socket. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? 'local' : `${remoteAddress}:${remotePort}`
}
