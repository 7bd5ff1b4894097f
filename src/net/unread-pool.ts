import type { Clock } from '../clock.ts'
import { windowFor, type WindowLimits } from './window-for.ts'

/** One connection whose streams may hold bytes that nobody has read. */
export interface PoolMember {
  /** What each of its streams holds, in bytes. */
  unread(): readonly number[]
  /** The most credit that a stream of it may have is another one now. */
  limited(): void
}

/** A connection's place in the pool, until it is disposed of. */
export interface PoolPlace extends Disposable {
  /** Most credit that a stream of it may have now, in bytes. */
  readonly windowBytes: number
  /** Bytes have come. */
  came(bytes: number): void
}

/** Keeps what the streams of many connections leave unread within one bound. */
export interface UnreadPool {
  join(member: PoolMember): PoolPlace
}

export interface UnreadPoolOptions {
  /** Of all connections together. */
  readonly limits: WindowLimits
  readonly clock: Clock
}

interface Seat {
  readonly member: PoolMember
  windowBytes: number
}

/** Time between two looks whether connections may have more again, in milliseconds. */
const lookIntervalMs = 1_000
/** What may come between two looks, as a part of what may be unread: memory beyond the bound, for a round trip. */
const lookPart = 1 / 16

/**
 * Connections that hold something share the bound; those that are read keep their whole credit: neither thousands
 * of idle tunnels nor one slow service take anything from whoever moves bytes elsewhere.
 */
export function createUnreadPool({ limits, clock }: UnreadPoolOptions): UnreadPool {
  const { maxUnreadBytes, maxWindowBytes } = limits
  const seats = new Set<Seat>()
  let sinceLook = 0
  let timer: Disposable | undefined

  /** Credit rises by the clock alone: bytes come too often for whoever is read now and then. */
  function look(mayRise: boolean): void {
    sinceLook = 0
    const waiting = [...seats].map((seat) => [seat, waitingOf(seat)] as const)
    const shared = windowFor(
      waiting.flatMap(([, unread]) => unread),
      limits,
    )
    for (const [seat, unread] of waiting) {
      const next = unread.length > 0 ? shared : maxWindowBytes
      if (next < seat.windowBytes || (mayRise && next > seat.windowBytes)) {
        seat.windowBytes = next
        seat.member.limited()
      }
    }
    if ([...seats].some(({ windowBytes }) => windowBytes < maxWindowBytes)) lookLater()
  }

  function lookLater(): void {
    timer ??= clock.schedule(lookIntervalMs, () => {
      timer = undefined
      look(true)
    })
  }

  return {
    join(member) {
      const seat = { member, windowBytes: maxWindowBytes }
      seats.add(seat)
      return {
        get windowBytes() {
          return seat.windowBytes
        },
        came(bytes) {
          sinceLook += bytes
          if (sinceLook >= maxUnreadBytes * lookPart) look(false)
        },
        [Symbol.dispose]: () => void seats.delete(seat),
      }
    },
  }
}

function waitingOf({ member }: Seat): readonly number[] {
  return member.unread().filter((bytes) => bytes > 0)
}
