import { z } from 'zod'
import { parsePolicy, type ParsedPolicy } from '../policy/language/parse.ts'
import { toFault } from '../policy/named/parse-named-policy.ts'
import type { PolicyContext } from '../policy/place.ts'
import type { Policy, PolicyProblem } from '../policy/policy.ts'
import { key } from '../setting-key.ts'
import { longDuration } from '../setting-values.ts'
import type { RouteFault, RouteNotes } from './route-findings.ts'

/** How people get access to a route for a while, although its policy does not let them in. */
export interface RouteRequests {
  /** Somebody else lets them in; undefined where nobody may be asked. */
  readonly approval: { readonly approvers: Policy; readonly maxMs: number } | undefined
  /** They let themselves in, and everybody hears of it; undefined where nobody may. */
  readonly breakGlass: { readonly policy: Policy; readonly maxMs: number } | undefined
}

const defaultMaxMs = 8 * 3_600_000
const defaultBreakGlassMs = 3_600_000

/** The keys of a route about it. */
export const approvalKeys = {
  approval: key({
    schema: z.strictObject({
      approvers: z.unknown().refine((given) => given !== undefined, 'is required: a policy'),
      max: z.optional(longDuration),
    }),
    type: '`{approvers, max}`',
    without: 'nobody is asked',
    variable: 'none',
    doc: 'Whoever is signed in and is let in by no rule may ask for access for a while (`postern request`). `approvers` is a policy as `policy` is: who may say yes, never to their own request. `max` (default `8h`) is how long it may last. An explicit `deny` still keeps people out. See [requests](requests.md).',
  }),
  break_glass: key({
    schema: z.unknown(),
    type: 'policy',
    without: 'nobody',
    variable: 'none',
    doc: 'Who may let themselves in for a while without asking anybody, in an emergency (`postern request --break-glass`), with a reason, a line of the log at `warn` and an audit record, which may be forwarded. As long as `max` of `approval` says, or `1h` without one. See [requests](requests.md).',
  }),
} as const

/** What the keys of a route say, as they were read. */
export interface ApprovalValues {
  readonly approval?: { readonly approvers: unknown; readonly max?: number | undefined } | undefined
  readonly break_glass?: unknown
}

/** Reads both; undefined where one of them has a fault. */
export function readRequests(
  { approval, break_glass: breakGlass }: ApprovalValues,
  context: PolicyContext,
  notes: RouteNotes,
): RouteRequests | undefined {
  const readAt = (path: readonly string[], document: unknown): Policy | undefined =>
    readPolicyAt(path, parsePolicy(document, context), notes)
  const approvers = approval && readAt(['approval', 'approvers'], approval.approvers)
  const breakers = breakGlass === undefined ? undefined : readAt(['break_glass'], breakGlass)
  const isRight = !approval === !approvers && (breakGlass === undefined) === !breakers
  if (!isRight) return undefined
  const maxMs = approval?.max ?? defaultMaxMs
  return {
    approval: approvers && { approvers, maxMs },
    breakGlass: breakers && {
      policy: breakers,
      maxMs: approval === undefined ? defaultBreakGlassMs : maxMs,
    },
  }
}

/** Whoever may ask must be known: a policy without a rule about people would send nobody to sign in. */
export function knowingPeople(policy: Policy, { approval, breakGlass }: RouteRequests): Policy {
  const isAsked = approval !== undefined || breakGlass !== undefined
  return isAsked ? { ...policy, readsSubject: true, needsProvider: true } : policy
}

function readPolicyAt(
  path: readonly string[],
  parsed: ParsedPolicy,
  notes: RouteNotes,
): Policy | undefined {
  const found = (problem: PolicyProblem): RouteFault => {
    const fault = toFault(problem)
    return { ...fault, path: [...path, ...fault.path] }
  }
  if ('problems' in parsed) notes.add({ faults: parsed.problems.map(found), warnings: [] })
  else notes.add({ faults: [], warnings: parsed.warnings.map(found) })
  return 'policy' in parsed ? parsed.policy : undefined
}
