import { Counter, Gauge, type Registry } from 'prom-client'

/** How far behind a destination of the audit log is. */
export interface ForwardLag {
  readonly name: string
  readonly isFailing: boolean
  readonly lagRecords: number
  readonly lagSeconds: number
}

/** Counts what is forwarded of the audit log, by the name of its destination. */
export interface ForwardMetrics {
  /** Begins with 0, so that a rate has something to begin with. */
  added(destination: string): void
  taken(destination: string, records: number): void
  failed(destination: string): void
  dropped(destination: string, records: number): void
  /** Asks for the state of every destination at each scrape. */
  countLag(ask: () => Promise<readonly ForwardLag[]>): void
}

const labelNames = ['destination']

export function forwardMetrics(registry: Registry): ForwardMetrics {
  const registers = [registry]
  const taken = new Counter({
    name: 'postern_audit_forwarded_records_total',
    help: 'Audit records that a destination has taken',
    labelNames,
    registers,
  })
  const failures = new Counter({
    name: 'postern_audit_forward_failures_total',
    help: 'Attempts to send audit records to a destination that failed, and are made again',
    labelNames,
    registers,
  })
  const dropped = new Counter({
    name: 'postern_audit_forward_dropped_total',
    help: 'Audit records that a destination will never get: retention came first, or it finds them too large',
    labelNames,
    registers,
  })
  return {
    added(destination) {
      for (const counter of [taken, failures, dropped]) counter.inc({ destination }, 0)
    },
    taken: (destination, records) => taken.inc({ destination }, records),
    failed: (destination) => failures.inc({ destination }),
    dropped: (destination, records) => dropped.inc({ destination }, records),
    countLag: (ask) => lagGauges(registry, ask),
  }
}

function lagGauges(registry: Registry, ask: () => Promise<readonly ForwardLag[]>): void {
  const gauge = (name: string, help: string, valueOf: (lag: ForwardLag) => number): Gauge =>
    new Gauge({
      name: `postern_audit_forward_${name}`,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const all = await ask()
        this.reset()
        for (const lag of all) this.set({ destination: lag.name }, valueOf(lag))
      },
    })
  gauge('up', '1 for a destination that takes audit records, 0 while it does not', (it) =>
    it.isFailing ? 0 : 1,
  )
  gauge('lag_records', 'Audit records that a destination has yet to take', (it) => it.lagRecords)
  gauge('lag_seconds', 'Age of the oldest audit record that is on its way', (it) => it.lagSeconds)
}
