import { setTimeout as pause } from 'node:timers/promises'

/**
 * Connections at once that have not said yet what they want.
 *
 * @limit connections to the local proxy that have not said what they want: the oldest of them is closed
 */
const maxHandshakes = 128
/**
 * Time for all of that, password included, in milliseconds.
 *
 * @limit time for a program to tell the local proxy what it wants: its connection is closed
 */
const handshakeTimeoutMs = 20_000
/** How long the answer to a wrong password takes, in milliseconds: at most `maxHandshakes` guesses in that time. */
const wrongPasswordDelayMs = 1_000

/** What a program may cost that has not said yet what it wants. */
export interface HandshakeBounds {
  readonly maxHandshakes: number
  readonly handshakeTimeoutMs: number
  readonly wrongPasswordDelayMs: number
}

export const handshakeBounds: HandshakeBounds = {
  maxHandshakes,
  handshakeTimeoutMs,
  wrongPasswordDelayMs,
}

/** A connection that has not said yet what it wants, until it is disposed. */
export interface Handshake extends Disposable {
  /** Aborted when it has to go; the reason, a string, goes on after "the other end". */
  readonly signal: AbortSignal
}

/**
 * Holds those that have not said what they want within their bounds. The oldest makes room for a new one: a program
 * that means it is done in a moment, and who only holds connections keeps nobody else out.
 */
export function holdHandshakes(
  bounds: Pick<HandshakeBounds, 'maxHandshakes' | 'handshakeTimeoutMs'>,
): () => Handshake {
  const held = new Set<AbortController>()
  return () => {
    const handshake = new AbortController()
    if (held.size >= bounds.maxHandshakes) {
      const [oldest] = held
      if (oldest !== undefined) held.delete(oldest)
      oldest?.abort('had to make room for others before it said what it wants')
    }
    held.add(handshake)
    const timer = setTimeout(() => {
      held.delete(handshake)
      handshake.abort('did not say in time what it wants')
    }, bounds.handshakeTimeoutMs).unref()
    return {
      signal: handshake.signal,
      [Symbol.dispose]() {
        clearTimeout(timer)
        held.delete(handshake)
      },
    }
  }
}

/** Lets the answer to a wrong password wait. Never rejects. */
export async function slowDown(delayMs: number, signal: AbortSignal): Promise<void> {
  await pause(delayMs, undefined, { signal }).catch(() => undefined)
}
