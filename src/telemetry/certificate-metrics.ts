import { Counter, Gauge, type Registry } from 'prom-client'

/** What is counted of certificates that the gateway fetches. */
export interface CertificateMetrics {
  /** A try to fetch one has ended. */
  tried(outcome: 'ok' | 'failed'): void
  /** Asks for them at each scrape. Their names are those of routes and sites. */
  countCertificates(states: () => readonly CountedCertificate[]): void
}

export interface CountedCertificate {
  readonly name: string
  readonly validity: { readonly untilMs: number } | undefined
  readonly isLate: boolean
}

export function certificateMetrics(registry: Registry): CertificateMetrics {
  const registers = [registry]
  const tries = new Counter({
    name: 'postern_certificate_fetches_total',
    help: 'Tries to fetch or renew a certificate',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of ['ok', 'failed']) tries.inc({ outcome }, 0)
  return {
    tried: (outcome) => tries.inc({ outcome }),
    countCertificates(states) {
      const gauge = (name: string, help: string, of: (it: CountedCertificate) => number): void =>
        void new Gauge({
          name,
          help,
          labelNames: ['name'],
          registers,
          collect() {
            this.reset()
            for (const it of states()) this.set({ name: it.name }, of(it))
          },
        })
      gauge(
        'postern_certificate_expiry_timestamp_seconds',
        'When a fetched certificate ends, in seconds since the epoch; 0 while there is none',
        ({ validity }) => (validity?.untilMs ?? 0) / 1000,
      )
      gauge(
        'postern_certificate_late',
        '1 for a certificate that could not be fetched, or is in the last third of its life and could not be renewed',
        ({ isLate }) => (isLate ? 1 : 0),
      )
    },
  }
}
