import type { Outcome, Verdict } from './decision.ts'

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

/**
 * What both sides lead to. `user-unauthenticated` wins over both values: under `not` and `nor` a
 * criterion about nobody is true, and must lead to a sign-in rather than to access.
 */
export function outcomeOf(allow: Verdict, deny: Verdict): Outcome {
  const reasons = [...allow.reasons, ...deny.reasons]
  if (reasons.includes('user-unauthenticated')) return 'sign-in'
  return allow.value && !deny.value ? 'allow' : 'deny'
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
