import type { Clock } from '../../clock.ts'
import type { Bytes, TrafficSample } from '../wire/view.ts'

/** Seconds that are remembered of each connection. */
const keptSeconds = 120

/** Bytes per second of connections that move any. */
export interface Traffic extends Disposable {
  /** Begins to look, once a second, as long as `isMoving` says so. */
  wake(): void
  /** Oldest first; seconds without bytes are left out. */
  of(id: string): readonly TrafficSample[]
  forget(id: string): void
}

export interface TrafficParts {
  readonly clock: Clock
  /** Of those that have moved bytes since the daemon started, by id. */
  counts(): ReadonlyMap<string, Bytes>
  /** Whether there is anything to look at. */
  isMoving(): boolean
  /** Those of the second that just ended; never empty. */
  onSamples(samples: Readonly<Record<string, TrafficSample>>): void
}

export function createTraffic({ clock, counts, isMoving, onSamples }: TrafficParts): Traffic {
  const kept = new Map<string, TrafficSample[]>()
  let before: ReadonlyMap<string, Bytes> = counts()
  let timer: Disposable | undefined

  function sample(): void {
    timer = undefined
    const now = new Map([...counts()].map(([id, { up, down }]) => [id, { up, down }] as const))
    const second = Math.floor(clock.now() / 1_000)
    const samples: Record<string, TrafficSample> = {}
    for (const [id, { up, down }] of now) {
      const last = lastOf(id, { up, down })
      const moved = { second, up: up - last.up, down: down - last.down }
      if (moved.up <= 0 && moved.down <= 0) continue
      samples[id] = moved
      keep(id, moved)
    }
    before = now
    if (Object.keys(samples).length > 0) onSamples(samples)
    if (isMoving()) arm()
  }

  /** One that was taken down and up again counts from 0. */
  function lastOf(id: string, { up, down }: Bytes): Bytes {
    const last = before.get(id)
    return last === undefined || last.up > up || last.down > down ? { up: 0, down: 0 } : last
  }

  function keep(id: string, moved: TrafficSample): void {
    const ring = kept.get(id) ?? []
    kept.set(id, ring)
    ring.push(moved)
    while ((ring[0]?.second ?? moved.second) <= moved.second - keptSeconds) ring.shift()
  }

  function arm(): void {
    timer ??= clock.schedule(1_000, sample)
  }

  return {
    wake: arm,
    of: (id) => [...(kept.get(id) ?? [])],
    forget: (id) => void kept.delete(id),
    [Symbol.dispose]: () => timer?.[Symbol.dispose](),
  }
}
