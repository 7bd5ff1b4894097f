import type { Decision } from './decision.ts'

/** What one criterion of a policy said about one request, and why. */
export interface CriterionTrace {
  /** As it is written, such as `email`, `claim/department` or, in Cloudflare's words, `email_domain`. */
  readonly criterion: string
  /** Its data, as it is written. It may name other people. */
  readonly asks: unknown
  /** What the facts hold of what it asks, in words. */
  readonly found: string
  /** What it said, before its operator turns that. */
  readonly value: boolean
  /** A stable code, such as `email-unauthorized`. */
  readonly reason: string
  /** The sentence of that reason, to whom it is about. */
  readonly sentence: string
  /**
   * What would make it say what helps whoever asks, as in "needs …"; undefined where it does already. It may
   * name other people.
   */
  readonly needed: string | undefined
  /** The same, naming neither people nor networks: for whoever is refused. */
  readonly neededBriefly: string | undefined
}

/** One operator of a rule with its criteria. */
export interface OperatorTrace {
  /** `and`: all hold. `or`: one does. `not`: none does. `nor`: not all do. */
  readonly operator: 'and' | 'or' | 'not' | 'nor'
  /** As it is written, where that is another word, such as `include`. */
  readonly part?: string
  readonly value: boolean
  readonly criteria: readonly CriterionTrace[]
}

/**
 * What became of a rule: `open` is one that might hold for somebody who signs in, `not-asked` one that could
 * change nothing, because an earlier one decided or because it is not about such callers.
 */
export type RuleState = 'holds' | 'fails' | 'open' | 'not-asked'

/** One rule of a policy, or one policy of a list in Cloudflare's words. */
export interface RuleTrace {
  readonly side: 'allow' | 'deny'
  /** Where it stands, from the route on, such as `['policy', 0]`; empty for settings that stand for a rule. */
  readonly path: readonly (string | number)[]
  /** The policy that it is a rule of, where that has a name; in Cloudflare's words its own. */
  readonly name?: string
  /** The named policy that it is a rule of, and which namespace that is in. */
  readonly of?: { readonly name: string; readonly namespace: string | undefined }
  /** What it does with whom it matches, in Cloudflare's words. */
  readonly action?: string
  readonly state: RuleState
  /** In the language several are alternatives; of `include`, `require` and `exclude` all must hold. */
  readonly operators: readonly OperatorTrace[]
}

/** One side of a policy. */
export interface SideTrace {
  readonly value: boolean
  /** As in the decision. */
  readonly reasons: readonly string[]
  /** In the order in which they are asked. */
  readonly rules: readonly RuleTrace[]
}

/**
 * Why a policy decides as it does: side → rule → operator → criterion. It names whomever the policy names, so
 * it is for administrators; `traceFor()` makes of it what concerns whoever asked.
 */
export interface PolicyTrace {
  /** The same that `evaluate` answers with for these facts. */
  readonly decision: Decision
  readonly allow: SideTrace
  readonly deny: SideTrace
}
