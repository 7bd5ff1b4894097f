import type { CheckPassword } from './proxy-password.ts'

/** What a program asks the local proxy for, and how it is answered. */
export interface Asked {
  /** `host:port`, as it goes into CONNECT. */
  readonly authority: string
  /** Says that the tunnel is open; bytes of the tunnel may follow. */
  accept(): void
  /** Says why there is none, and ends the connection in order. */
  refuse(error: unknown): void
}

export interface AskOptions {
  /** Aborted when the connection has to go; the reason, a string, goes on after "the other end". */
  readonly signal: AbortSignal
  /** Undefined where no password is wanted. */
  readonly checkPassword: CheckPassword | undefined
  readonly wrongPasswordDelayMs: number
}
