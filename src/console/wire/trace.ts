import { z } from 'zod'
import { plainData } from './plain-data.ts'

// Why a policy decides as it does, as `policy/trace.ts` has it: side, rule, operator, criterion. For administrators.

export const outcome = z.enum(['allow', 'deny', 'sign-in', 'client-certificate'])
export type OutcomeView = z.output<typeof outcome>

export const criterionTrace = z.strictObject({
  /** As it is written, such as `email` or `claim/department`. */
  criterion: z.string(),
  /** Its data, as it is written. */
  asks: plainData,
  /** What the facts hold of what it asks, in words. */
  found: z.string(),
  /** What it said, before its operator turns that. */
  value: z.boolean(),
  reason: z.string(),
  sentence: z.string(),
  /** What would make it say what helps whoever asks; null where it does already. */
  needed: z.string().nullable(),
})
export type CriterionTraceView = z.output<typeof criterionTrace>

export const operatorTrace = z.strictObject({
  operator: z.enum(['and', 'or', 'not', 'nor']),
  /** `include`, `require` or `exclude`, in Cloudflare's words; null in the policy language. */
  part: z.string().nullable(),
  value: z.boolean(),
  criteria: z.array(criterionTrace),
})
export type OperatorTraceView = z.output<typeof operatorTrace>

export const ruleTrace = z.strictObject({
  side: z.enum(['allow', 'deny']),
  /** Where it stands in the route or the named policy, such as `policy[0]`; empty for settings that stand for a rule. */
  path: z.string(),
  /** The policy that it is a rule of, where that has a name. */
  name: z.string().nullable(),
  /** What it does with whom it matches, in Cloudflare's words. */
  action: z.string().nullable(),
  /** `open`: might hold for somebody who signs in. `not-asked`: could change nothing. */
  state: z.enum(['holds', 'fails', 'open', 'not-asked']),
  /** In the policy language several are alternatives; of `include`, `require` and `exclude` all must hold. */
  operators: z.array(operatorTrace),
})
export type RuleTraceView = z.output<typeof ruleTrace>

export const sideTrace = z.strictObject({
  value: z.boolean(),
  reasons: z.array(z.string()),
  rules: z.array(ruleTrace),
})
export type SideTraceView = z.output<typeof sideTrace>

export const policyTrace = z.strictObject({ allow: sideTrace, deny: sideTrace })
export type PolicyTraceView = z.output<typeof policyTrace>
