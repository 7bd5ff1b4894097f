import type { Duplex } from 'node:stream'
import { abandon } from '../../net/abandon.ts'
import { relay } from '../../net/relay.ts'
import type { TunnelEnded } from '../ways/ended.ts'
import type { GatewayClient } from '../gateway-client.ts'

/**
 * Carries one local connection through a tunnel of its own. The connection waits, unread beyond its
 * buffer, while somebody signs in; one that goes meanwhile gives the attempt up.
 *
 * Rejects with what `GatewayClient.open` rejects with, and has then aborted the local connection.
 */
export async function serveLocal(
  local: Duplex,
  authority: string,
  client: GatewayClient,
  onConnected?: () => void,
): Promise<TunnelEnded> {
  const gone = new AbortController()
  const onGone = (): void => gone.abort(new Error('the local connection is gone'))
  local.once('close', onGone)
  // Stays for the stream's life: between the tunnel's opening and the relay nobody else listens.
  local.on('error', onGone)
  try {
    const tunnel = await client.open(authority, gone.signal)
    local.off('close', onGone)
    onConnected?.()
    const ended = await relay(local, tunnel)
    // Both ends are closed: whoever is at the local one does not wait for this.
    return { ...ended, ...(await client.learnFate(tunnel, ended.cause)) }
  } catch (error) {
    // An orderly end would look like an answer without content.
    abandon(local, new Error('no tunnel'))
    throw error
  }
}
