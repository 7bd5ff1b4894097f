// Which of a name's addresses is used: RFC 8305 ("Happy Eyeballs") section 5, on what one look-up gives.
//
// Node's own `autoSelectFamily` gives every attempt but the last one up after 250 or 500 ms, so that a slow
// address behind which nothing but a dead one follows is never reached. Here an attempt goes on until
// another one has succeeded.
import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'

/** What a look-up says of one address, in the form of `dns.lookup`. */
export interface NamedAddress {
  readonly address: string
  readonly family: number
}

export interface RaceOptions {
  readonly clock: Clock
  /** Begins a connection to one address; the race owns it. What it throws is that address's failure. */
  readonly connect: (address: string) => Socket
  /** Gives up, and lets go of every attempt. */
  readonly signal: AbortSignal
}

/** Why one address was not used. */
export interface AddressFailure {
  readonly address: string
  /** What the attempt said; the reason of the abort when it said nothing until then. */
  readonly error: unknown
}

/** No address could be reached. */
export class NoAddressError extends Error {
  /** In the order in which they failed, those without an answer last. */
  readonly failures: readonly AddressFailure[]

  constructor(failures: readonly AddressFailure[]) {
    super('no address could be reached')
    this.failures = failures
  }
}

/**
 * Connection Attempt Delay, in milliseconds: how long one address is waited for before the next one is
 * tried as well.
 *
 * @limit time for an address of a name alone: the next one is tried beside it
 * @see https://www.rfc-editor.org/rfc/rfc8305#section-5
 */
export const attemptDelayMs = 250

/**
 * More than any name in use has.
 *
 * @limit addresses of one name that are tried: the rest is left out
 */
const maxAddresses = 64

/**
 * Puts addresses of both families in turn, the one that the resolver prefers first; within a family
 * its order holds.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8305#section-4
 */
export function interleave(addresses: readonly NamedAddress[]): string[] {
  const first = addresses[0]?.family
  const preferred = addresses.filter(({ family }) => family === first)
  const others = addresses.filter(({ family }) => family !== first)
  return Array.from({ length: Math.max(preferred.length, others.length) }, (_, index) =>
    [preferred[index], others[index]].flatMap((entry) => entry?.address ?? []),
  )
    .flat()
    .slice(0, maxAddresses)
}

/**
 * Connects to the first of several addresses that answers. Each is tried 250 ms after the one before, or
 * as soon as another has failed; those under way go on until one has won, and the losers are destroyed.
 *
 * @throws NoAddressError when all have failed, or `signal` was aborted first
 */
export function raceAddresses(
  addresses: readonly string[],
  { clock, connect, signal }: RaceOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiting = [...addresses]
    const running = new Map<Socket, string>()
    const failures: AddressFailure[] = []
    let delay: Disposable | undefined

    function startNext(): void {
      delay?.[Symbol.dispose]()
      const address = waiting.shift()
      if (address === undefined) {
        if (running.size === 0) lose()
        return
      }
      if (waiting.length > 0) delay = clock.schedule(attemptDelayMs, startNext)
      try {
        follow(connect(address), address)
      } catch (error) {
        failed(address, error)
      }
    }

    function follow(socket: Socket, address: string): void {
      running.set(socket, address)
      const onError = (error: Error): void => {
        if (running.delete(socket)) failed(address, error)
      }
      // An error between here and the next owner must not be unhandled: that one finds the socket destroyed.
      // This listener stays for the socket's life, and so must not hold on to anything.
      socket.on('error', ignore).on('error', onError)
      socket.once('connect', () => {
        socket.off('error', onError)
        if (!running.delete(socket)) return
        settle()
        resolve(socket)
      })
    }

    function failed(address: string, error: unknown): void {
      failures.push({ address, error })
      startNext()
    }

    function lose(): void {
      settle()
      reject(new NoAddressError(failures))
    }

    function onAbort(): void {
      const reason: unknown = signal.reason
      for (const address of running.values()) failures.push({ address, error: reason })
      lose()
    }

    /** From here on no event of an attempt has an effect. */
    function settle(): void {
      delay?.[Symbol.dispose]()
      signal.removeEventListener('abort', onAbort)
      waiting.length = 0
      for (const socket of running.keys()) socket.destroy()
      running.clear()
    }

    if (signal.aborted) onAbort()
    else {
      signal.addEventListener('abort', onAbort)
      startNext()
    }
  })
}

function ignore(): void {
  // Whoever owns the socket by then reports what is wrong with it.
}
