import type { KnownCaller } from '../access/trial/known-callers.ts'
import type { Decision } from '../policy/decision.ts'
import { explainReasonOf } from '../policy/explain.ts'
import type { Subject } from '../policy/facts.ts'
import type {
  CriterionTrace,
  OperatorTrace,
  PolicyTrace,
  RuleTrace,
  SideTrace,
} from '../policy/trace.ts'
import type { Json } from '../routes/definition.ts'
import type { Route } from '../routes/route.ts'
import type {
  CallerSummary,
  CriterionView,
  OperatorView,
  RouteNameView,
  RuleView,
  SideView,
  TraceView,
  TriedSubject,
} from './trial-protocol.ts'

/** The reasons of the side that decided. */
export function decisiveReasons({ allow, deny, outcome }: Decision): readonly string[] {
  if (outcome === 'client-certificate') return [...new Set([...deny.reasons, ...allow.reasons])]
  return deny.value ? deny.reasons : allow.reasons
}

/** A path as messages have it: `policy[0].allow.or[1]`. */
export function pathText(path: readonly (string | number)[]): string {
  return path
    .map((step, index) =>
      typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`,
    )
    .join('')
}

export function routeNameView({ id, name, from }: Route): RouteNameView {
  return { id, name, from }
}

export function subjectView(subject: Subject | undefined): TriedSubject {
  if (subject === undefined)
    return {
      kind: 'nobody',
      user_id: null,
      provider: null,
      email: null,
      email_verified: false,
      groups: [],
    }
  const { kind, userId, provider, email, emailVerified, groups } = subject
  return {
    kind,
    user_id: userId,
    provider: provider ?? null,
    email: email ?? null,
    email_verified: emailVerified,
    groups,
  }
}

export function callerView({ subject, name, knownBy }: KnownCaller): CallerSummary {
  const { kind, userId, email } = subject
  // Of a member of the directory the id is a guess: it may be an email address alone.
  const isId = email === undefined || knownBy !== 'directory'
  return {
    kind,
    who: email ?? userId,
    user_id: isId ? userId : null,
    name: name ?? null,
    known_by: knownBy,
  }
}

/** Of a named policy that is not for whoever looks there is one rule, which says whether it holds. */
export function traceView(
  { allow, deny }: PolicyTrace,
  sees: (namespace: string | undefined) => boolean,
): TraceView {
  return { allow: sideView(allow, sees), deny: sideView(deny, sees) }
}

function sideView(
  { value, reasons, rules }: SideTrace,
  sees: (namespace: string | undefined) => boolean,
): SideView {
  const isOpen = ({ of }: RuleTrace): boolean => of === undefined || sees(of.namespace)
  const closed = new Map<string, RuleTrace>()
  for (const rule of rules.filter((it) => !isOpen(it))) {
    const { name = '' } = rule.of ?? {}
    closed.set(name, closedRule(name, rule, closed.get(name)))
  }
  return { value, reasons, rules: [...rules.filter(isOpen), ...closed.values()].map(ruleView) }
}

const strongest: readonly RuleTrace['state'][] = ['holds', 'open', 'fails', 'not-asked']

/** All of its rules as one, which says nothing of them. */
function closedRule(
  name: string,
  { side, state }: RuleTrace,
  other: RuleTrace | undefined,
): RuleTrace {
  const states = [state, other?.state ?? 'not-asked']
  return {
    side,
    path: ['policy_names', name],
    name,
    state: strongest.find((it) => states.includes(it)) ?? state,
    operators: [],
  }
}

function ruleView({ side, path, name, action, state, operators }: RuleTrace): RuleView {
  return {
    side,
    path: pathText(path),
    name: name ?? null,
    action: action ?? null,
    state,
    operators: operators.map(operatorView),
  }
}

function operatorView({ operator, part, value, criteria }: OperatorTrace): OperatorView {
  return { operator, part: part ?? null, value, criteria: criteria.map(criterionView) }
}

function criterionView(trace: CriterionTrace): CriterionView {
  const { criterion, asks, found, value, reason, needed } = trace
  return {
    criterion,
    // A policy is plain data of YAML or JSON.
    asks: asks as Json,
    found,
    value,
    reason,
    sentence: explainReasonOf(reason),
    needed: needed ?? null,
  }
}
