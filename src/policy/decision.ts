/** One side of a decision, `allow` or `deny`: its value, and the criteria's reasons that led to it. */
export interface Verdict {
  readonly value: boolean
  /** Sorted, without repeats, such as `email-unauthorized`. */
  readonly reasons: readonly string[]
}

/**
 * - `allow`: an allow rule holds and no deny rule does
 * - `sign-in`: some reason is `user-unauthenticated`, whatever the values (reference 3.3, step 2)
 * - `deny`: everything else
 */
export type Outcome = 'allow' | 'deny' | 'sign-in'

export interface Decision {
  readonly outcome: Outcome
  readonly allow: Verdict
  readonly deny: Verdict
  /**
   * The next moment (milliseconds since the epoch) at which this decision could come out otherwise
   * because of the time alone, from `date`, `time_of_day` and `day_of_week`; undefined when never.
   */
  readonly validUntilMs: number | undefined
}
