import type { Outcome, Verdict } from '../decision.ts'
import type { Reason } from '../explain.ts'

/** The four operators; `not` and `nor` do not mean what their names say elsewhere. */
export const operators = {
  /** True when all are; then with all reasons, else with those of the failing ones. */
  and: mergeAnd,
  /** True when any is; then with the reasons of the true ones, else with all. */
  or: mergeOr,
  /** True when none is. */
  not: (verdicts) => mergeAnd(verdicts.map(invert)),
  /** True when not all are. */
  nor: (verdicts) => mergeOr(verdicts.map(invert)),
} satisfies Readonly<Record<string, (verdicts: readonly Verdict[]) => Verdict>>

export type Operator = keyof typeof operators

/**
 * Merges what several rules say: true when any is. Of none it is `[false, {}]`, which is what a side
 * without rules says.
 */
export function mergeOr(verdicts: readonly Verdict[]): Verdict {
  const holding = verdicts.filter(({ value }) => value)
  return holding.length > 0 ? joined(true, holding) : joined(false, verdicts)
}

/** A client without a valid certificate is told so at once, before any sign-in (reference 3.3, step 1). */
const certificateReasons: readonly string[] = [
  'client-certificate-required',
  'invalid-client-certificate',
] satisfies readonly Reason[]

/** Whether a reason says that there is no valid client certificate. */
export function isAboutMissingCertificate(reason: string): boolean {
  return certificateReasons.includes(reason)
}

/**
 * What both sides lead to. `user-unauthenticated` wins over both values: under `not` and `nor` a
 * criterion about nobody is true, and must lead to a sign-in rather than to access.
 */
export function outcomeOf(allow: Verdict, deny: Verdict): Outcome {
  if (deny.reasons.some(isAboutMissingCertificate)) return 'client-certificate'
  const reasons = [...allow.reasons, ...deny.reasons]
  if (reasons.includes('user-unauthenticated')) return 'sign-in'
  if (allow.value && !deny.value) return 'allow'
  const { reasons: decisive } = deny.value ? deny : allow
  return decisive.some(isAboutMissingCertificate) ? 'client-certificate' : 'deny'
}

function mergeAnd(verdicts: readonly Verdict[]): Verdict {
  const failing = verdicts.filter(({ value }) => !value)
  return failing.length > 0 ? joined(false, failing) : joined(true, verdicts)
}

/** The value turns; the reasons stay the criterion's own. */
function invert({ value, reasons }: Verdict): Verdict {
  return { value: !value, reasons }
}

function joined(value: boolean, verdicts: readonly Verdict[]): Verdict {
  return { value, reasons: [...new Set(verdicts.flatMap(({ reasons }) => reasons))].sort() }
}
