import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Ended } from './ended.ts'

/** Bytes that a tunnel has moved so far, growing while it is open; `TunnelBytes` of `net/` fits by shape. */
export interface CountedBytes {
  readonly up: number
  readonly down: number
}

export interface CountedTunnel {
  /** Only the first call counts. */
  ended(ended: Ended, durationMs: number): void
}

// Tunnels last from a health check's milliseconds to a working day.
const bucketsSeconds = [0.1, 1, 10, 60, 300, 1_800, 3_600, 14_400, 43_200]

/** Counts tunnels; answers what is told of each that opens: its route's name, and its counter. */
export function tunnelMetrics(
  registry: Registry,
): (route: string, bytes: CountedBytes) => CountedTunnel {
  const registers = [registry]
  const active = new Gauge({
    name: 'postern_tunnels_active',
    help: 'Tunnels that are open now',
    labelNames: ['route'],
    registers,
  })
  const total = new Counter({
    name: 'postern_tunnels_total',
    help: 'Tunnels that have ended, by why',
    labelNames: ['outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'postern_tunnel_duration_seconds',
    help: 'How long tunnels were open',
    buckets: bucketsSeconds,
    registers,
  })
  const moved: Moved = { ended: { up: 0, down: 0 }, live: new Set() }
  void byteCounter(registry, moved)

  return (route, bytes) => {
    let isOpen = true
    moved.live.add(bytes)
    active.inc({ route })
    return {
      ended(ended, durationMs) {
        if (!isOpen) return
        isOpen = false
        endBytes(bytes, moved)
        active.dec({ route })
        total.inc({ outcome: ended })
        duration.observe(Math.max(0, durationMs) / 1000)
      },
    }
  }
}

/** Where the bytes of tunnels are found: those of ended ones added up, those of open ones with each. */
interface Moved {
  readonly ended: { up: number; down: number }
  readonly live: Set<CountedBytes>
}

/** Adds up at each scrape. */
function byteCounter(registry: Registry, { ended, live }: Moved): Counter {
  return new Counter({
    name: 'postern_tunnel_bytes_total',
    help: 'Bytes that tunnels have moved, those of open tunnels included; up is from client to upstream',
    labelNames: ['direction'],
    registers: [registry],
    collect() {
      let { up, down } = ended
      for (const bytes of live) {
        up += bytes.up
        down += bytes.down
      }
      this.reset()
      this.inc({ direction: 'up' }, up)
      this.inc({ direction: 'down' }, down)
    },
  })
}

/** With what its own counter says now, so that no scrape shows less than the one before it. */
function endBytes(bytes: CountedBytes, { ended, live }: Moved): void {
  live.delete(bytes)
  ended.up += bytes.up
  ended.down += bytes.down
}
