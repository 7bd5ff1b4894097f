import type { WrittenCriterion } from '../criteria/criterion.ts'
import type { PolicyProblem } from '../policy.ts'
import type { Action } from './selectors.ts'

/** One policy of an application (reference 3.2). */
export interface AccessPolicy {
  readonly name?: string | undefined
  /** From the application on, such as `['policies', 0]`. */
  readonly path: PolicyProblem['path']
  readonly action: Action
  /** One of these holds, */
  readonly include: readonly WrittenCriterion[]
  /** all of these, */
  readonly require: readonly WrittenCriterion[]
  /** and none of these. */
  readonly exclude: readonly WrittenCriterion[]
}

/** Whether it is asked before those about people, wherever it stands. */
export function isAskedFirst({ action }: AccessPolicy): boolean {
  return action === 'bypass' || action === 'service_auth'
}

/** Which side of a decision it is on. */
export function sideOf({ action }: AccessPolicy): 'allow' | 'deny' {
  return action === 'block' ? 'deny' : 'allow'
}
