import { Counter, Gauge, type Registry } from 'prom-client'

/** One connection of a connector, growing while it is there; `Link` of `links/` fits by shape. */
export interface CountedLink {
  readonly streams: number
  readonly bytes?: { readonly up: number; readonly down: number } | undefined
  readonly opens?: { readonly ok: number; readonly failed: number } | undefined
}

/** Counts connections of connectors, by the named tunnel that they serve. */
export interface LinkMetrics {
  registered(tunnel: string, link: CountedLink): { ended(): void }
  /** A connector was refused; `code` is one of ours. */
  refused(code: string): void
}

/**
 * @limit named tunnels with a row of their own in the metrics: further ones are counted together, as `other`
 */
const maxTunnels = 1_000

interface Row {
  readonly live: Set<CountedLink>
  ended: Sums
}

interface Sums {
  readonly up: number
  readonly down: number
  readonly ok: number
  readonly failed: number
}

const nothing: Sums = { up: 0, down: 0, ok: 0, failed: 0 }

export function linkMetrics(registry: Registry): LinkMetrics {
  const rows = new Map<string, Row>()
  const refused = new Counter({
    name: 'postern_connector_refusals_total',
    help: 'Registrations of connectors that were refused, by why',
    labelNames: ['why'],
    registers: [registry],
  })
  void liveGauge(registry, rows, 'links', 'Connections of connectors', ({ live }) => live.size)
  void liveGauge(registry, rows, 'streams', 'Tunnels through connectors', ({ live }) =>
    [...live].reduce((sum, { streams }) => sum + streams, 0),
  )
  void opensCounter(registry, rows)
  void bytesCounter(registry, rows)

  return {
    registered(tunnel, link) {
      const name = rows.has(tunnel) || rows.size < maxTunnels ? tunnel : 'other'
      const row = rows.get(name) ?? { live: new Set(), ended: nothing }
      rows.set(name, row)
      row.live.add(link)
      return {
        ended() {
          if (row.live.delete(link)) row.ended = plus(row.ended, link)
        },
      }
    },
    refused: (why) => refused.inc({ why }),
  }
}

function plus(sums: Sums, { bytes, opens }: CountedLink): Sums {
  return {
    up: sums.up + (bytes?.up ?? 0),
    down: sums.down + (bytes?.down ?? 0),
    ok: sums.ok + (opens?.ok ?? 0),
    failed: sums.failed + (opens?.failed ?? 0),
  }
}

/** Those that have ended, and those that are there: no scrape shows less than the one before it. */
function sumsOf({ live, ended }: Row): Sums {
  return [...live].reduce(plus, ended)
}

function liveGauge(
  registry: Registry,
  rows: ReadonlyMap<string, Row>,
  what: string,
  help: string,
  count: (row: Row) => number,
): Gauge {
  return new Gauge({
    name: `postern_connector_${what}_active`,
    help: `${help} that are open now, by named tunnel`,
    labelNames: ['tunnel'],
    registers: [registry],
    collect() {
      for (const [tunnel, row] of rows) this.set({ tunnel }, count(row))
    },
  })
}

function opensCounter(registry: Registry, rows: ReadonlyMap<string, Row>): Counter {
  return new Counter({
    name: 'postern_connector_opens_total',
    help: 'Streams that were asked of connectors, by named tunnel and whether they opened',
    labelNames: ['tunnel', 'outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [tunnel, row] of rows) {
        const { ok, failed } = sumsOf(row)
        this.inc({ tunnel, outcome: 'ok' }, ok)
        this.inc({ tunnel, outcome: 'failed' }, failed)
      }
    },
  })
}

function bytesCounter(registry: Registry, rows: ReadonlyMap<string, Row>): Counter {
  return new Counter({
    name: 'postern_connector_bytes_total',
    help: 'Bytes on the connections of connectors, by named tunnel; up is from client to service',
    labelNames: ['tunnel', 'direction'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [tunnel, row] of rows) {
        const { up, down } = sumsOf(row)
        this.inc({ tunnel, direction: 'up' }, up)
        this.inc({ tunnel, direction: 'down' }, down)
      }
    },
  })
}
