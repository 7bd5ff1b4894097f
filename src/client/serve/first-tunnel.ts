import type { Duplex } from 'node:stream'
import { abandon } from '../../net/abandon.ts'
import type { TunnelOpener } from './connection.ts'

/**
 * How long a tunnel that was opened beforehand waits for its connection, in milliseconds: less than services wait for
 * the first word of a client (MySQL 10 s, PostgreSQL 60 s).
 *
 * @limit none: the first connection after that opens a tunnel of its own
 */
const keptMs = 5_000

/**
 * Opens a tunnel before anybody connects, and hands it to the first connection: whoever starts a program for a local
 * port learns first, in the gateway's own words, that there is none to be had, and the service sees no connection
 * more than without it.
 *
 * @throws what `open` throws
 */
export async function withFirstTunnel(
  opener: TunnelOpener,
  authority: string,
  signal: AbortSignal,
): Promise<TunnelOpener> {
  let first: Duplex | undefined = await opener.open(authority, signal)
  const drop = (): void => {
    clearTimeout(timer)
    first = undefined
  }
  const timer = setTimeout(() => {
    if (first !== undefined) abandon(first, new Error('nobody connected'))
    drop()
  }, keptMs).unref()
  // Until somebody relays it nobody else listens.
  first.on('error', drop).once('close', drop)
  return {
    open(asked, signal, more) {
      const kept = asked === authority && more === undefined ? first : undefined
      if (kept === undefined || kept.destroyed) return opener.open(asked, signal, more)
      drop()
      return Promise.resolve(kept)
    },
    learnFate: (tunnel, cause) => opener.learnFate(tunnel, cause),
  }
}
