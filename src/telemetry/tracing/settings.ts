/** Where traces go, and how many. */
export interface TracingSettings {
  /** Of the collector, such as `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string
  /** Sent with every request; some carry a key. */
  readonly headers: Readonly<Record<string, string>>
  /** Time for one request to the collector, in milliseconds. */
  readonly timeoutMs: number
  /** Which part of all requests is told of, from 0 to 1. */
  readonly ratio: number
  /** What is said of this gateway besides. */
  readonly resource: Readonly<Record<string, string>>
  /** How long spans wait for others before they are sent, in milliseconds. */
  readonly delayMs: number
  /** Most spans that are sent at once. */
  readonly maxBatch: number
}
