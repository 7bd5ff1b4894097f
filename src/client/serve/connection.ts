import type { Duplex } from 'node:stream'
import { AccessError, type AppError } from '../../errors.ts'
import { abandon } from '../../net/abandon.ts'
import type { TunnelBytes } from '../../net/direction.ts'
import { relay } from '../../net/relay.ts'
import type { GatewayClient } from '../gateway-client.ts'
import { endedError, type TunnelEnded } from '../ways/ended.ts'

/** Opens tunnels, and learns of each why it ended. */
export type TunnelOpener = Pick<GatewayClient, 'open' | 'learnFate'>

export interface ServeOptions {
  /** The destination, as it goes into CONNECT. */
  readonly authority: string
  readonly client: TunnelOpener
  /** Counts what passes, as it passes; begins at 0. */
  readonly bytes?: TunnelBytes | undefined
  /** Called once the tunnel is open. */
  readonly onConnected?: (() => void) | undefined
  /** Ends a connection that gets no tunnel, whose program can be told why. **Default:** it is aborted */
  readonly turnAway?: ((error: unknown) => void) | undefined
  /** Aborted when we cut the connection ourselves: what comes of it is then no failure. */
  readonly closing?: AbortSignal | undefined
}

/** What came of a connection. */
export type Outcome =
  /** It got no tunnel. What is not an `AppError` is a fault of ours. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** It had one; with an `error` the tunnel ended before its programs did. */
  | { readonly kind: 'ended'; readonly ended: TunnelEnded; readonly error?: AppError | undefined }
  /** Its program left, or we closed, before it had one. */
  | { readonly kind: 'given-up'; readonly why: 'left' | 'closed' }

/**
 * Carries one local connection through a tunnel of its own. The connection waits, unread beyond its
 * buffer, while somebody signs in; one that goes meanwhile gives the attempt up. Never rejects.
 */
export async function serveConnection(local: Duplex, options: ServeOptions): Promise<Outcome> {
  const { authority, client, bytes = { up: 0, down: 0 }, onConnected, closing } = options
  const { turnAway = () => abortUnserved(local) } = options
  const givenUp = (): Outcome => ({
    kind: 'given-up',
    why: closing?.aborted === true ? 'closed' : 'left',
  })
  // A stream that has closed emits no further `close`.
  if (local.destroyed) return givenUp()
  const gone = new AbortController()
  const onGone = (): void => gone.abort(new Error('the local connection is gone'))
  local.once('close', onGone)
  // Stays for the stream's life: between the tunnel's opening and the relay nobody else listens.
  local.on('error', onGone)
  try {
    const tunnel = await client.open(authority, gone.signal)
    local.off('close', onGone)
    onConnected?.()
    const relayed = await relay(local, tunnel, { bytes })
    // Both ends are closed: whoever is at the local one does not wait for this.
    const ended = { ...relayed, ...(await client.learnFate(tunnel, relayed.cause)) }
    const error = closing?.aborted === true ? undefined : endedError(ended, authority)
    return { kind: 'ended', ended, error }
  } catch (error) {
    if (!local.destroyed) turnAway(error)
    // Once the program has left, the attempt ends because of that, unless the gateway or a person said no.
    const isOver = gone.signal.aborted && !(error instanceof AccessError)
    return isOver || closing?.aborted === true ? givenUp() : { kind: 'failed', error }
  }
}

/** An orderly end would look like an answer without content. */
function abortUnserved(local: Duplex): void {
  abandon(local, new Error('no tunnel'))
}
