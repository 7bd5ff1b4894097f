// A stock connector's window is 1 MiB for all streams of a connection together: one service that does not read stops
// the uploads of all others. Nobody tells which: of one stream no more is known than what was taken of it, and
// what its service said. Whoever was given a window's worth since its service last said something may hold it; of
// several, the one whose bytes were taken last: had they been read, the window would be open again.
import type { Clock } from '../../clock.ts'

/**
 * Time in which nothing of a connection is taken while others wait, in milliseconds.
 *
 * @limit time that a service behind a stock connector may take nothing while other streams of its
 * connection wait for the same window: its stream is reset
 */
export const maxStalledMs = 10_000
const lookMs = 1_000
/** Time is counted in looks: the clock on the wall may be set, and whoever had just begun to wait would be reset. */
const maxStalledLooks = maxStalledMs / lookMs

/** So much of the window is as good as all of it: what was written in one piece may be taken in part; in bytes. */
const wholeWindowBytes = 768 * 1024

/** One stream of the connection. */
export interface WatchedStream {
  /** Gives its part of the window back. */
  reset(): void
}

export interface StreamLoad extends Disposable {
  /** Some of its bytes wait to be taken. */
  waiting(): void
  /** So many of them were. */
  taken(bytes: number): void
  /** Its service says something, so it has read what came before, or may have. */
  heard(): void
}

export interface StalledOrigins {
  watch(stream: WatchedStream): StreamLoad
}

interface Entry {
  readonly stream: WatchedStream
  /** Undefined: nothing of it waits. */
  waitsSince: number | undefined
  /** Since its service last said something. */
  takenBytes: number
  /** In the order in which bytes were taken; 0: none ever was. */
  takenAt: number
}

/** `isFull`: whether the window of the connection is used up now. */
export function createStalledOrigins(
  clock: Pick<Clock, 'schedule'>,
  isFull: () => boolean,
): StalledOrigins {
  const entries = new Set<Entry>()
  let timer: Disposable | undefined
  let takes = 0
  let looks = 0
  /** From which look on nothing was taken and the window was full at each. */
  let since: number | undefined

  function look(): void {
    timer = undefined
    looks += 1
    if (!isFull()) since = undefined
    else since ??= looks
    if (since !== undefined && since <= looks - maxStalledLooks) resetLast()
    arm()
  }

  function resetLast(): void {
    const [last] = [...entries].toSorted((a, b) => mayHold(b) - mayHold(a) || b.takenAt - a.takenAt)
    if (last === undefined || last.takenAt === 0) return
    const hasWaited = ({ waitsSince = Infinity }: Entry): boolean =>
      waitsSince <= looks - maxStalledLooks
    if (![...entries].some((entry) => entry !== last && hasWaited(entry))) return
    entries.delete(last)
    // If it was another one after all, the window is full at the next look too.
    since = looks - maxStalledLooks + 1
    last.stream.reset()
  }

  function arm(): void {
    if ([...entries].some(({ waitsSince }) => waitsSince !== undefined)) {
      timer ??= clock.schedule(lookMs, look)
    }
  }

  return {
    watch(stream) {
      const entry: Entry = { stream, waitsSince: undefined, takenBytes: 0, takenAt: 0 }
      entries.add(entry)
      return {
        waiting() {
          entry.waitsSince ??= looks
          timer ??= clock.schedule(lookMs, look)
        },
        heard: () => void (entry.takenBytes = 0),
        taken(bytes) {
          entry.takenBytes += bytes
          entry.waitsSince = undefined
          entry.takenAt = takes += 1
          since = undefined
        },
        [Symbol.dispose]: () => void entries.delete(entry),
      }
    },
  }
}

/** Most that a stream can hold of the window. */
function mayHold({ takenBytes }: Entry): number {
  return Math.min(takenBytes, wholeWindowBytes)
}
