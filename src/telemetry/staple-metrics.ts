import { Counter, Gauge, type Registry } from 'prom-client'

/** What is counted of OCSP answers that are handed out with certificates. */
export interface StapleMetrics {
  /** A responder was asked. */
  asked(outcome: 'ok' | 'failed'): void
  /** Asks for them at each scrape. Their names are those of certificates. */
  countStaples(states: () => readonly CountedStaple[]): void
}

export interface CountedStaple {
  readonly name: string
  readonly validity: { readonly untilMs: number } | undefined
  readonly isRevoked: boolean
  readonly isLate: boolean
}

export function stapleMetrics(registry: Registry): StapleMetrics {
  const registers = [registry]
  const fetches = new Counter({
    name: 'postern_ocsp_fetches_total',
    help: 'Questions to OCSP responders',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of ['ok', 'failed']) fetches.inc({ outcome }, 0)
  return {
    asked: (outcome) => fetches.inc({ outcome }),
    countStaples(states) {
      const gauge = (
        name: string,
        help: string,
        of: (it: CountedStaple) => number,
        worst: (values: readonly number[]) => number,
      ): void =>
        void new Gauge({
          name,
          help,
          labelNames: ['name'],
          registers,
          collect() {
            this.reset()
            // An old certificate and its new one have the same name for a moment.
            for (const [label, those] of Map.groupBy(states(), (it) => it.name))
              this.set({ name: label }, worst(those.map(of)))
          },
        })
      gauge(
        'postern_ocsp_answer_expiry_timestamp_seconds',
        'When the OCSP answer ends that is handed out with a certificate, in seconds since the epoch; 0 while there is none',
        ({ validity }) => (validity?.untilMs ?? 0) / 1000,
        (values) => Math.min(...values),
      )
      gauge(
        'postern_ocsp_answer_late',
        '1 for a certificate whose OCSP answer could not be fetched, or is in the last quarter of its life and could not be fetched anew',
        ({ isLate, isRevoked }) => (isLate && !isRevoked ? 1 : 0),
        (values) => Math.max(...values),
      )
      gauge(
        'postern_certificate_revoked',
        '1 for a certificate that its authority has revoked',
        ({ isRevoked }) => (isRevoked ? 1 : 0),
        (values) => Math.max(...values),
      )
    },
  }
}
