import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../../clock.ts'
import { createPinger } from '../../net/http2-ping.ts'
import { watchAcknowledged } from './acknowledged.ts'

/**
 * Time between two looks, in milliseconds. The third that finds nothing is the last, and the first of the
 * three may come a whole interval after the last byte: a dead connection is noticed within four.
 */
export const lookIntervalMs = 2_400
/** How often the kernel is asked between two looks at a connection that is silent. */
const asksPerLook = 4
/** Looks in a row without a sign of life, after which no new streams are opened here. */
const silentLooks = 2

export interface Liveness {
  /** Nothing has come for some seconds, although it was asked for. */
  readonly isSilent: boolean
  /** Asks for a sign of life at once; what it answers says later whether one has come since. */
  probe(): () => boolean
}

export interface LivenessOptions {
  readonly clock: Clock
  /** Whether to ping at each look; otherwise only where the other side does not. */
  readonly isAsking: boolean
  /** Called when it begins to be silent. */
  readonly onSilent?: () => void
  readonly onLost: () => void
}

/** Looks at a connection until it ends. TCP alone would not tell for minutes. */
export function watchLiveness(
  session: Http2Session,
  socket: Socket,
  { clock, isAsking, onSilent, onLost }: LivenessOptions,
): Liveness {
  const acknowledged = watchAcknowledged(socket)
  const signs = {
    get bytesRead() {
      return socket.bytesRead + acknowledged.times
    },
  }
  const isThere = createPinger(session, signs, {
    looksPerInterval: 1,
    quietMs: lookIntervalMs * (isAsking ? 0.5 : 1.1),
    nowMs: () => clock.now(),
  })
  let seen = signs.bytesRead
  let silent = 0
  let timer: Disposable | undefined
  const asking = new Set<Disposable>()

  /** What is taken in bits is sent in bits: at one moment as much may be on its way as at the one before. */
  function askOften(): void {
    void acknowledged.ask()
    for (let asked = 1; asked < asksPerLook; asked += 1) {
      const timer = clock.schedule((asked * lookIntervalMs) / asksPerLook, () => {
        asking.delete(timer)
        void acknowledged.ask()
      })
      asking.add(timer)
    }
  }

  function look(): void {
    // It keeps its connection until the peer ends that, which a peer need not do.
    if (session.destroyed) return void socket.destroy()
    silent = signs.bytesRead === seen ? silent + 1 : 0
    seen = signs.bytesRead
    if (silent > 0) askOften()
    else acknowledged.forget()
    if (silent === silentLooks) onSilent?.()
    if (!isThere()) return onLost()
    timer = clock.schedule(lookIntervalMs, look)
  }

  timer = clock.schedule(lookIntervalMs, look)
  session.once('close', () => {
    timer?.[Symbol.dispose]()
    for (const each of asking) each[Symbol.dispose]()
  })
  return {
    get isSilent() {
      return silent >= silentLooks
    },
    probe() {
      const before = signs.bytesRead
      if (!session.destroyed) session.ping(() => undefined)
      void acknowledged.ask()
      return () => signs.bytesRead !== before
    },
  }
}
