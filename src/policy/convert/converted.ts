import type { PolicyProblem } from '../policy.ts'

/** The other view of a policy, or each part of it that the other view has no words for. */
export type Converted =
  | { readonly document: readonly object[] }
  | { readonly problems: readonly PolicyProblem[] }

/**
 * Alternatives that one rule may be taken apart into. Both views have alternatives on one level only.
 *
 * @limit rules that one rule becomes in the other view of a policy: it is said to have no equal
 */
export const maxAlternatives = 50
