import assert from 'node:assert/strict'
import type { Decision, Verdict } from '../decision.ts'
import type { RequestFacts, Subject } from '../facts.ts'
import { type ParsedPolicy, parsePolicy } from './parse.ts'
import type { Policy } from '../policy.ts'

/** Somebody signed in, as the tests of policies know her. */
export const alice: Subject = {
  kind: 'person',
  userId: 'u-alice',
  provider: 'default',
  email: 'alice@corp.example',
  emailVerified: true,
  groups: ['engineering', 'on-call'],
  claims: { department: 'r&d' },
}

/** A service account; it has nothing that a provider says of people. */
export const backup: Subject = {
  kind: 'service-account',
  userId: 'backup',
  email: undefined,
  emailVerified: false,
  groups: [],
  claims: {},
}

/** A tunnel of hers, at noon of a Wednesday in UTC, with what a test says otherwise. */
export function factsWith(changes: Partial<RequestFacts> = {}): RequestFacts {
  return {
    subject: alice,
    method: 'CONNECT',
    path: '',
    sourceIp: '192.0.2.7',
    nowMs: Date.UTC(2026, 2, 4, 12),
    ...changes,
  }
}

/** A document's policy; fails the test when it has problems. */
export function policyOf(parsed: ParsedPolicy): Policy {
  if ('policy' in parsed) return parsed.policy
  return assert.fail(`unexpected problems: ${JSON.stringify(parsed.problems)}`)
}

/** What a document decides. */
export function decide(document: unknown, changes?: Partial<RequestFacts>): Decision {
  return policyOf(parsePolicy(document)).evaluate(factsWith(changes))
}

/** What one criterion says, alone in an `allow` with `or`. */
export function ask(criterion: unknown, changes?: Partial<RequestFacts>): Verdict {
  return decide({ allow: { or: [criterion] } }, changes).allow
}

/** A document's problems as lines `path: message (hint)`; none when it has a policy. */
export function problemsIn(parsed: ParsedPolicy): readonly string[] {
  if ('policy' in parsed) return []
  return parsed.problems.map(({ path, message, hint }) => {
    const line = `${path.join('.')}: ${message}`
    return hint === undefined ? line : `${line} (${hint})`
  })
}

/** The problems of one criterion, their paths from the criterion on. */
export function criterionProblems(criterion: unknown): readonly string[] {
  return problemsIn(parsePolicy({ allow: { or: [criterion] } })).map((line) =>
    line.replace('allow.or.0', '').replace(/^\./, ''),
  )
}

/** A verdict in short. */
export function verdict(value: boolean, ...reasons: readonly string[]): Verdict {
  return { value, reasons }
}
