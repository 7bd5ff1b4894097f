/** Everything long-lived ends the same way: stop accepting, drain, then destroy. Idempotent. */
export interface Closable {
  /** Resolves when everything is released; `graceMs` is how long to wait for work under way. */
  close(graceMs: number): Promise<void>
}
