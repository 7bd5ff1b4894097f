import { readdirSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'

/** Watches how many more files this process may open. */
export interface Descriptors {
  /** How many of them are for tunnels alone. */
  readonly reserve: number
  /** How many may still be opened, when the port and its tunnels hold `held`. */
  free(held: number): number
  /** The system refused to open one, while the port and its tunnels held `held`. */
  exhausted(held: number): void
}

export interface DescriptorOptions {
  /** Most files that this process may have open. */
  readonly limit: number
  /** Asks how many are open now; undefined where nobody knows. */
  countOpen(): Promise<number | undefined>
  /** Those that are open before the port is. */
  readonly openBefore: number
}

/**
 * Descriptors that are kept free for tunnels while peers without one can be closed for it; of a small
 * limit a quarter.
 *
 * @limit descriptors kept free for tunnels, of a small `LimitNOFILE` a quarter: connections without a
 * tunnel are closed, the one without progress for the longest time first, and the log says so
 */
const maxReserve = 256
/** The database, files that are read, answers of the provider, scrapers: what comes and goes. */
const otherUses = 16
/** Least time between two counts, in milliseconds. */
const recountMs = 1_000

/**
 * Knows from the register of connections how many descriptors are in use: two for a tunnel, one for
 * every other connection. What else is open is counted at the start, and again when it gets tight.
 */
export function watchDescriptors({ limit, countOpen, openBefore }: DescriptorOptions): Descriptors {
  let others = openBefore + otherUses
  let countedAtMs = 0
  const reserve = Math.min(maxReserve, Math.floor(Math.max(0, limit - others) / 4))
  const recount = (held: number): void => {
    const nowMs = performance.now()
    if (nowMs - countedAtMs < recountMs) return
    countedAtMs = nowMs
    void countOpen().then((open) => {
      if (open !== undefined) others = Math.max(openBefore, open - held) + otherUses
    })
  }
  return {
    reserve,
    free(held) {
      const free = limit - others - held
      if (free < reserve) recount(held)
      return free
    },
    exhausted(held) {
      others = Math.max(others, limit - held - Math.floor(reserve / 2))
    },
  }
}

/** Looks at this process; where its limit cannot be known, nothing is ever short. */
export function ownDescriptors(): Descriptors {
  const openBefore = countOpenSync()
  const limit = openBefore === undefined ? undefined : softLimit()
  if (limit === undefined || openBefore === undefined)
    return { reserve: 0, free: () => Infinity, exhausted: () => undefined }
  const countOpen = (): Promise<number | undefined> =>
    readdir(folder).then(
      (names) => names.length,
      () => undefined,
    )
  return watchDescriptors({ limit, countOpen, openBefore })
}

/** What a process has open, on every system that has such a folder. */
const folder = '/dev/fd'

function countOpenSync(): number | undefined {
  try {
    return readdirSync(folder).length
  } catch {
    return undefined
  }
}

/** The limit that holds: Node raises it to the hard one as it starts. */
function softLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? []
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined
  }
}
