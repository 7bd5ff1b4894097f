import type { Outcome } from '../policy/decision.ts'
import type { OperatorTrace, RuleState } from '../policy/trace.ts'
import type { Json } from '../routes/definition.ts'
import type { ProposedChange } from './reach-protocol.ts'

// What Try it, who-can and what-can take and answer: plain data, as in `protocol.ts`. Times are RFC 3339.

/** Whom to try on which route; without a person and a service account, somebody who is not signed in. */
export interface TryRequest {
  /** An email address or a user id. */
  readonly person?: string | undefined
  /** Instead of the one that is known. */
  readonly user_id?: string | undefined
  readonly service_account?: string | undefined
  /** The id of the provider that they have signed in with, instead of the one that is known. */
  readonly provider?: string | undefined
  readonly groups?: readonly string[] | undefined
  readonly claims?: Readonly<Record<string, Json>> | undefined
  readonly email_verified?: boolean | undefined
  /** Its id, its name, or the host:port that it answers to. */
  readonly route: string
  readonly at?: string | undefined
  readonly ip?: string | undefined
  readonly certificate?: TriedCertificateInput | undefined
  /** It is judged as if these were made, by somebody who may make them. */
  readonly changes?: readonly ProposedChange[] | undefined
}

export interface TriedCertificateInput {
  readonly valid?: boolean | undefined
  readonly fingerprint?: string | undefined
  readonly spki_hash?: string | undefined
  readonly dns_names?: readonly string[] | undefined
  readonly email_addresses?: readonly string[] | undefined
  readonly uris?: readonly string[] | undefined
}

export interface TryAnswer {
  readonly outcome: Outcome
  /** Of the side that decided. */
  readonly reasons: readonly string[]
  /** Whether they may do nothing here, whatever the policy says. */
  readonly blocked: boolean
  readonly route: RouteNameView
  readonly who: TriedSubject
  readonly at: string
  readonly ip: string
  readonly valid_until: string | null
  /** What was taken for granted, as what follows "it is assumed that this caller". */
  readonly assumed: readonly string[]
  readonly trace: TraceView
}

export interface RouteNameView {
  readonly id: string
  readonly name: string
  readonly from: string
}

export interface TriedSubject {
  readonly kind: 'person' | 'service-account' | 'nobody'
  readonly user_id: string | null
  /** The id of the provider that a person has signed in with; null where that is not known. */
  readonly provider: string | null
  readonly email: string | null
  readonly email_verified: boolean
  readonly groups: readonly string[]
}

/** A trace as `policy/trace.ts` has it, for administrators. */
export interface TraceView {
  readonly allow: SideView
  readonly deny: SideView
}

export interface SideView {
  readonly value: boolean
  readonly reasons: readonly string[]
  readonly rules: readonly RuleView[]
}

export interface RuleView {
  readonly side: 'allow' | 'deny'
  readonly path: string
  readonly name: string | null
  readonly action: string | null
  readonly state: RuleState
  readonly operators: readonly OperatorView[]
}

export interface OperatorView {
  readonly operator: OperatorTrace['operator']
  readonly part: string | null
  readonly value: boolean
  readonly criteria: readonly CriterionView[]
}

export interface CriterionView {
  readonly criterion: string
  readonly asks: Json
  readonly found: string
  readonly value: boolean
  readonly reason: string
  readonly sentence: string
  readonly needed: string | null
}

/** Somebody who is known. */
export interface CallerSummary {
  readonly kind: 'person' | 'service-account'
  /** An email address, or an id. */
  readonly who: string
  readonly user_id: string | null
  readonly name: string | null
  readonly known_by: 'session' | 'directory' | 'service-account'
}

/** Which part of a list, judged for when and from where. */
export interface TrialListQuery {
  /** **Default:** `allow`, those that may alone */
  readonly outcome?: 'allow' | 'all' | undefined
  readonly at?: string | undefined
  readonly ip?: string | undefined
  /** **Default:** 100, at most 500 */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

interface TrialList {
  readonly next_cursor: string | null
  readonly total: number
  readonly assumed: readonly string[]
}

export interface WhoCanAnswer extends TrialList {
  readonly route: RouteNameView
  readonly items: readonly (CallerSummary & JudgedView)[]
  /** Whether somebody who is not signed in may as well. */
  readonly everybody: boolean
}

export interface WhatCanAnswer extends TrialList {
  readonly who: TriedSubject
  readonly items: readonly ({ readonly route: RouteNameView } & JudgedView)[]
}

export interface JudgedView {
  readonly outcome: Outcome
  readonly reasons: readonly string[]
}
