/** One side of a decision, `allow` or `deny`: its value, and the criteria's reasons that led to it. */
export interface Verdict {
  readonly value: boolean
  /** Sorted, without repeats, such as `email-unauthorized`. */
  readonly reasons: readonly string[]
}

/**
 * In this order (reference 3.3):
 *
 * - `client-certificate`: a reason of the deny side is that there is no valid client certificate
 * - `sign-in`: some reason is `user-unauthenticated`, whatever the values
 * - `allow`: an allow rule holds and no deny rule does
 * - `client-certificate`: no allow rule holds, and one asks for a client certificate that is not there
 * - `deny`: everything else
 */
export type Outcome = 'allow' | 'deny' | 'sign-in' | 'client-certificate'

/** What a named policy tells those whom it refuses; empty where it says nothing. */
export interface Advice {
  /** Its name. */
  readonly policy: string
  readonly explanation: string
  readonly remediation: string
}

export interface Decision {
  readonly outcome: Outcome
  readonly allow: Verdict
  readonly deny: Verdict
  /**
   * The next moment (milliseconds since the epoch) at which this decision could come out otherwise
   * because of the time alone: `date`, `time_of_day`, `day_of_week`, or a client certificate that
   * expires; undefined when never.
   */
  readonly validUntilMs: number | undefined
  /** Of the named policies that said no, for a `deny`; only for somebody who is signed in. */
  readonly advice?: readonly Advice[]
}
