import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { inTime } from '../e2e/child.ts'
import { orders } from './service.ts'

/** How a tunnel can come to its end. */
export const endings = ['client ends', 'client aborts', 'service ends', 'service resets'] as const
export type TunnelEnding = (typeof endings)[number]

/** A tunnel that carries something now and then. */
export interface HeldTunnel {
  /** Sends this, and resolves once the same has come back. */
  exchange(message: Buffer): Promise<void>
  /** Says something every so many milliseconds, until it ends. */
  keepTalking(message: Buffer, everyMs: number): void
  /** Brings it to its end; resolves once it is over. */
  end(how: TunnelEnding): Promise<void>
  /** It is about to end, by whatever its client does. */
  expectEnd(): void
}

/** Longest wait for an echo or an end, in milliseconds, on a busy machine. */
const patienceMs = 60_000

/** Takes a tunnel over; `onLost` hears of an end that nobody has asked for. */
export function holdTunnel(stream: Duplex, onLost: (why: string) => void): HeldTunnel {
  let expected: Buffer | undefined
  let received = 0
  let onEcho: (fault?: Error) => void = () => undefined
  let isEnding = false
  let talking: Promise<void> | undefined
  let why = 'it ended'
  const closed = new Promise<void>((resolve) => stream.once('close', resolve))
  stream.on('error', (error) => (why = error.message))
  stream.once('end', () => void stream.end())
  stream.on('data', (chunk: Buffer) => {
    const wanted = expected?.subarray(received, received + chunk.length)
    received += chunk.length
    if (wanted === undefined || !chunk.equals(wanted))
      onEcho(new Error('other bytes than were sent'))
    else if (received === expected?.length) onEcho()
  })
  void closed.then(() => {
    onEcho(new Error(why))
    if (!isEnding) onLost(why)
  })

  async function exchange(message: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    onEcho = (fault) => (fault === undefined ? resolve() : reject(fault))
    expected = message
    received = 0
    stream.write(message)
    await inTime(promise, () => 'no echo', patienceMs)
    expected = undefined
  }

  async function talk(message: Buffer, everyMs: number): Promise<void> {
    for (;;) {
      if (isEnding) return
      await exchange(message)
      await delay(everyMs)
    }
  }

  return {
    exchange,
    keepTalking(message, everyMs) {
      talking = talk(message, everyMs).catch((error: unknown) => {
        if (!isEnding) onLost(String(error))
      })
    },
    async end(how) {
      isEnding = true
      await talking
      if (how === 'client ends') stream.end()
      else if (how === 'client aborts') stream.destroy()
      else stream.write(Buffer.of(how === 'service ends' ? orders.end : orders.reset))
      await inTime(closed, () => `it does not end as "${how}"`, patienceMs)
    },
    expectEnd: () => void (isEnding = true),
  }
}
