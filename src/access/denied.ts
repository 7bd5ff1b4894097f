import { AccessError } from '../errors.ts'

/** Why the policy said no, carried by an `AccessError` to the answer. */
export class DeniedError extends AccessError {
  readonly reasons: readonly string[]

  constructor(
    message: string,
    reasons: readonly string[],
    hint: string,
    { code = 'policy-denied', cause }: { readonly code?: string; readonly cause?: unknown } = {},
  ) {
    super(code, message, { hint, cause })
    this.reasons = reasons
  }
}
