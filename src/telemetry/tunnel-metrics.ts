import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { countBytes, type CountedBytes } from './byte-counter.ts'
import type { Ended } from './ended.ts'
import type { ToldProtocol } from '../tell/protocols.ts'

/** A `Route` of `routes/` fits by shape. */
export interface CountedRoute {
  readonly id: string
  readonly name: string
}

export interface CountedTunnel {
  /** Only the first call counts; `told` is the protocol in which its client was told that it was cut. */
  ended(ended: Ended, durationMs: number, told?: ToldProtocol): void
}

// Tunnels last from a health check's milliseconds to a working day.
const bucketsSeconds = [0.1, 1, 10, 60, 300, 1_800, 3_600, 14_400, 43_200]

/** Counts tunnels; answers what is told of each that opens: its route's name, and its counter. */
export function tunnelMetrics(
  registry: Registry,
): (route: CountedRoute, bytes: CountedBytes) => CountedTunnel {
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
  const toldTotal = new Counter({
    name: 'postern_tunnels_told_total',
    help: 'Tunnels that were cut and whose client was told why in its own protocol',
    labelNames: ['protocol'],
    registers,
  })
  const duration = new Histogram({
    name: 'postern_tunnel_duration_seconds',
    help: 'How long tunnels were open',
    buckets: bucketsSeconds,
    registers,
  })
  const moved = countBytes(registry, {
    name: 'postern_tunnel_bytes_total',
    help: 'Bytes that tunnels have moved, those of open tunnels included; up is from client to upstream',
  })

  return ({ name: route }, bytes) => {
    let isOpen = true
    moved.add(bytes)
    active.inc({ route })
    return {
      ended(ended, durationMs, told) {
        if (!isOpen) return
        isOpen = false
        moved.end(bytes)
        active.dec({ route })
        total.inc({ outcome: ended })
        if (told !== undefined) toldTotal.inc({ protocol: told })
        duration.observe(Math.max(0, durationMs) / 1000)
      },
    }
  }
}
