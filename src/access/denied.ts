import { AccessError } from '../errors.ts'
import type { Advice } from '../policy/decision.ts'

interface DenialDetails {
  readonly code?: string
  readonly advice?: readonly Advice[] | undefined
  readonly cause?: unknown
}

/** Why the policy said no, carried by an `AccessError` to the answer. */
export class DeniedError extends AccessError {
  readonly reasons: readonly string[]
  /** What the named policies that said no tell whoever is signed in. */
  readonly advice: readonly Advice[]
  /** Where the person it concerns reads more. */
  page: URL | undefined

  constructor(
    message: string,
    reasons: readonly string[],
    hint: string,
    { code = 'policy-denied', advice = [], cause }: DenialDetails = {},
  ) {
    super(code, message, { hint, cause })
    this.reasons = reasons
    this.advice = advice
  }
}
