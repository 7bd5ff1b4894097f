import type { LineFactory } from './peers.ts'

/** One thing that somebody does to a tunnel. */
export interface Act {
  readonly side: 'client' | 'service' | 'gateway'
  readonly act: string
}

/** Who has stopped reading, what happens then, and whether each act arrives before the next. */
export interface Case {
  readonly readers: { readonly client: boolean; readonly service: boolean }
  readonly acts: readonly Act[]
  readonly isSlow: boolean
}

const maxActs = 3

const serviceActs = ['end', 'close', 'reset']

// POSTERN_LONG_TESTS=1 asks for what takes minutes.
const isLong = process.env['POSTERN_LONG_TESTS'] === '1'

/**
 * Every order of at most three acts, slow and fast, with every combination of readers that have stopped. Of the eight ways
 * to play an order of three the short form has four, in which each two of reader, reader and speed meet in all ways; the
 * next order has the other four.
 */
export function casesOf(clients: LineFactory): Case[] {
  const acts = [
    ...clients.acts.map((act) => ({ side: 'client', act }) as const),
    ...serviceActs.map((act) => ({ side: 'service', act }) as const),
    { side: 'gateway', act: 'cut' } as const,
  ]
  const both = [true, false]
  return ordersOf(acts, []).flatMap((order, index) =>
    both.flatMap((client) =>
      both.flatMap((service) =>
        both
          .filter(
            (isSlow) =>
              isLong ||
              order.length < maxActs ||
              (Number(client) + Number(service) + Number(isSlow) + index) % 2 === 0,
          )
          .map((isSlow) => ({ readers: { client, service }, acts: order, isSlow })),
      ),
    ),
  )
}

/** A side that has done more than end its direction does nothing any more; a cut is the last of all. */
function ordersOf(acts: readonly Act[], before: readonly Act[]): Act[][] {
  if (before.length === maxActs || before.at(-1)?.side === 'gateway') return []
  return acts
    .filter(({ side, act }) => {
      const own = before.filter((earlier) => earlier.side === side)
      return own.every((earlier) => earlier.act === 'end' && act !== 'end')
    })
    .flatMap((next) => {
      const order = [...before, next]
      return [order, ...ordersOf(acts, order)]
    })
}

/** Whether the acts alone must end the tunnel, whoever reads or not. */
export function isOver({ acts, readers, isSlow }: Case, clients: LineFactory): boolean {
  return acts.some(({ side, act }, index) => {
    if (side === 'gateway') return true
    const { aborts, hearsAlways } = side === 'client' ? clients : plain
    if (!aborts.includes(act)) return false
    const before = acts.slice(0, index)
    // The end of the other side may overtake this act where nothing waits for it; that nothing comes any
    // more is heard last of all.
    const isHeardFirst = isSlow && act !== 'vanish'
    const ended = (isHeardFirst ? before : acts).filter((each) => each.act === 'end')
    // All bytes have come once both have ended; somebody reads them, or not.
    if (new Set(ended.map((each) => each.side)).size === 2) return false
    const hasEnded = before.some((each) => each.side === side)
    const isRead = side === 'client' ? readers.service : readers.client
    // Of a connection that is not read, writing to it tells, where our direction is open.
    const mayWrite = !acts.some((each) => each.side === otherSide[side] && each.act !== 'reset')
    return hearsAlways || (isRead && !hasEnded) || mayWrite
  })
}

const otherSide = { client: 'service', service: 'client' } as const

const plain = { aborts: ['reset'], hearsAlways: false }

export function nameOf({ readers, acts, isSlow }: Case): string {
  const stopped = Object.entries(readers).flatMap(([side, reads]) => (reads ? [] : [side]))
  const order = acts.map(({ side, act }) => `${side} ${act}`).join(', ')
  return `${order}${stopped.length > 0 ? `; stopped: ${stopped.join(', ')}` : ''}${isSlow ? '; slow' : ''}`
}
