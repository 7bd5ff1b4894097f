import type { Decision } from './decision.ts'
import type { RequestFacts } from './facts.ts'
import type { PolicyTrace } from './trace.ts'

/** A parsed, compiled policy. Evaluating is pure, synchronous and never throws. */
export interface Policy {
  evaluate(facts: RequestFacts): Decision
  /** The same decision with everything that led to it, in words: for people who ask why, not for each tunnel. */
  trace(facts: RequestFacts): PolicyTrace
  /** Whether any rule asks who somebody is. */
  readonly readsSubject: boolean
  /** Whether any rule asks what only an identity provider knows: all but `user` with an id to be. */
  readonly needsProvider: boolean
  /** Whether any rule asks for a client certificate: then a gateway must ask for one. */
  readonly readsClientCertificate: boolean
}

/** One fault in a policy; `path` leads from the policy's root, such as `[0, 'allow', 'or', 1]`. */
export interface PolicyProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint?: string | undefined
}
