import type { Verdict } from '../decision.ts'
import type { Reason } from '../explain.ts'
import type { ClientCertificate, RequestFacts, Subject } from '../facts.ts'
import type { Place } from '../place.ts'

/** One word of the policy language: how its data is read, and what it is for. */
export interface Criterion {
  readonly name: string
  /** What follows the name after a slash, for the docs (`PATH`); absent when nothing may. */
  readonly subPath?: string
  /** What its data looks like, for the docs. */
  readonly data: string
  /** When it holds: one sentence for the docs. */
  readonly doc: string
  /** Every reason it can give. */
  readonly reasons: readonly Reason[]
  /** How a trace speaks of it. */
  readonly words: CriterionWords
  /** Reads the criterion's data once, at load; answers undefined after noting what is wrong. */
  parse(data: unknown, place: Place, subPath: string): CompiledCriterion | undefined
}

/** How a trace speaks of a criterion that stands in a policy with its data. */
export interface CriterionWords {
  /** What the facts hold of what it asks: nouns, such as `"alice@corp.example", unverified`. */
  found(facts: RequestFacts, subPath: string, data: unknown): string
  /** What satisfies it: a noun, such as `an email address that is "alice@corp.example"`. */
  wanted(data: unknown, subPath: string): string
  /** The same where that names people or networks, for whoever is refused: `an email address that this route names`. */
  wantedBriefly?(data: unknown, subPath: string): string
}

/** Where a criterion stands in a policy: what it is for, and whether its operator turns its value. */
export interface Stance {
  readonly side: 'allow' | 'deny'
  readonly isTurned: boolean
}

/**
 * Whether something holds that can be read in several ways, of which each is as likely: the answer is the
 * one that keeps somebody out.
 */
export function holdsInReadings<Reading>(
  readings: readonly Reading[],
  matches: (reading: Reading) => boolean,
  { side, isTurned }: Stance,
): boolean {
  const keepsOut = (side === 'deny') !== isTurned
  return keepsOut ? readings.some(matches) : readings.every(matches)
}

/** A criterion with its data, ready to be asked about requests. */
export interface CompiledCriterion {
  /** Whether it asks who somebody is. */
  readonly readsSubject: boolean
  /** Whether only an identity provider can say that; absent where service accounts are named. */
  readonly needsProvider?: boolean
  /** Whether it asks for the client's certificate; absent when it does not. */
  readonly readsClientCertificate?: boolean
  judge(facts: RequestFacts, stance: Stance): Verdict
  /**
   * Lets a service account in, under `and` and `or` of an `allow`. Absent on every other criterion
   * that reads the subject: none of those ever does, see `language/compile.ts`.
   */
  readonly admit?: (account: Subject) => Verdict
  /**
   * The next moment after `nowMs` (both milliseconds since the epoch) at which time alone changes the
   * answer about these facts; undefined when it never does. Absent on a criterion that does not look
   * at the time.
   */
  readonly nextChangeMs?: (nowMs: number, facts: RequestFacts) => number | undefined
}

/** A criterion with the words it was written in, for the trace. */
export interface WrittenCriterion extends CompiledCriterion {
  /** As it is written, such as `claim/department`. */
  readonly name: string
  readonly data: unknown
  readonly subPath: string
  readonly words: CriterionWords
}

/** What a criterion says with `value`: the reason of that answer. */
export function answer(value: boolean, ok: Reason, otherwise: Reason): Verdict {
  return { value, reasons: [value ? ok : otherwise] }
}

/**
 * A criterion about a person: of nobody it is false, with the reason that leads to a sign-in. With
 * `admit` it may let service accounts in as well. One that names them needs no provider of people.
 */
export function aboutSubject(
  judge: (subject: Subject, stance: Stance) => Verdict,
  admit?: (account: Subject) => Verdict,
  needsProvider = true,
): CompiledCriterion {
  return {
    readsSubject: true,
    needsProvider,
    ...(admit === undefined ? {} : { admit }),
    judge: ({ subject }, stance) =>
      subject === undefined
        ? { value: false, reasons: ['user-unauthenticated'] }
        : judge(subject, stance),
  }
}

/** A criterion about the request alone. */
export function aboutRequest(judge: (facts: RequestFacts) => Verdict): CompiledCriterion {
  return { readsSubject: false, judge }
}

/** A criterion about the client's certificate, undefined when there is none. It may expire. */
export function aboutClientCertificate(
  judge: (certificate: ClientCertificate | undefined) => Verdict,
): CompiledCriterion {
  return {
    readsSubject: false,
    readsClientCertificate: true,
    judge: ({ clientCertificate }) => judge(clientCertificate),
    nextChangeMs: (_nowMs, { clientCertificate }) => clientCertificate?.validUntilMs,
  }
}

/** A criterion about the moment alone. */
export function aboutTime(
  judge: (nowMs: number) => Verdict,
  nextChangeMs: (nowMs: number) => number | undefined,
): CompiledCriterion {
  return { readsSubject: false, judge: ({ nowMs }) => judge(nowMs), nextChangeMs }
}
