import type { ForwardedRecord } from './record.ts'

/** Where records of the audit log go. */
export interface Destination {
  /**
   * Hands over records of one series, which come after those of the calls before. Rejects where that fails: then
   * the same ones come again, and those that were not taken before them. A `DeliveryError` may say when.
   */
  send(records: readonly ForwardedRecord[], signal: AbortSignal): Promise<Delivery>
  /** Ends in order, so that what was handed over is taken. Never rejects. */
  close(): Promise<void>
}

export interface Delivery {
  /** Resolves once the receiver is as sure to have them as can be known; rejects when they may be lost. */
  readonly taken: Promise<void>
}

export class DeliveryError extends Error {
  /** How long the receiver wants to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, retryAfterMs?: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}
