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

/** Chooses among the long cases; a failure is replayed with the seed that its test names. */
export const seed = Number(process.env['POSTERN_SEED'] ?? Date.now() % 100_000)

const maxActs = 3
/** Of the cases with three acts so many are played, drawn by `seed`; all shorter ones are. */
const longCases = 40

const serviceActs = ['end', 'close', 'reset']

/** Every order of at most three acts, with every combination of readers that have stopped. */
export function casesOf(clients: LineFactory): Case[] {
  const random = randomFrom(seed)
  const acts = [
    ...clients.acts.map((act) => ({ side: 'client', act }) as const),
    ...serviceActs.map((act) => ({ side: 'service', act }) as const),
    { side: 'gateway', act: 'cut' } as const,
  ]
  const orders = ordersOf(acts, [])
  const modes = [true, false].flatMap((client) =>
    [true, false].map((service) => ({ client, service })),
  )
  const cases = orders.flatMap((order) =>
    modes.map((readers) => ({ readers, acts: order, isSlow: random() < 0.5 })),
  )
  const short = cases.filter((each) => each.acts.length < maxActs)
  const long = cases.filter((each) => each.acts.length === maxActs)
  return [...short, ...draw(long, longCases, random)]
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
    // Where nothing waits for what was done before, the end of the other side may overtake this one.
    const ended = (isSlow ? before : acts).filter((each) => each.act === 'end')
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

function draw<T>(from: readonly T[], count: number, random: () => number): T[] {
  const left = [...from]
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat()
}

/** A number in [0, 1), the same ones for the same seed (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
