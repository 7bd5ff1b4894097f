import type { Reason } from '../explain.ts'
import type { Subject } from '../facts.ts'
import type { Matches } from '../matchers/matcher.ts'
import { warnOfContradiction, warnOfTexts } from '../matchers/doubt.ts'
import { plainAddress, plainText } from '../matchers/plain-address.ts'
import { foldCase, parseStringMatcher } from '../matchers/string.ts'
import type { Place } from '../place.ts'
import { doubtDomain, doubtEmail } from './doubt-address.ts'
import { matching, ofSubject, quoted } from './words.ts'
import {
  aboutSubject,
  answer,
  holdsInReadings,
  type CompiledCriterion,
  type Criterion,
  type Stance,
} from './criterion.ts'

/** `email: { is: user@companydomain.com }` — the email address of the person, whatever its case. */
export const email: Criterion = {
  name: 'email',
  data: 'string matcher',
  doc: "holds when the person's email address matches, whatever its case; for unverified addresses see above",
  reasons: [
    'email-ok',
    'email-unauthorized',
    'email-unverified',
    'user-unauthenticated',
    'service-account-unauthorized',
  ],
  words: {
    found: ofSubject(addressIn),
    wanted: (data) => matching('an email address', data),
    wantedBriefly: () => 'an email address that this route names',
  },
  parse(data, place) {
    warnOfTexts(data, place, doubtEmail)
    return parseAddressCriterion(data, place, aloneIn, 'email-ok', 'email-unauthorized')
  },
}

/** `domain: { is: companydomain.com }` — what follows the `@` in the person's email address. */
export const domain: Criterion = {
  name: 'domain',
  data: 'string matcher',
  doc: 'holds when what follows the `@` of the email address matches, whatever its case; for unverified addresses see above',
  reasons: [
    'domain-ok',
    'domain-unauthorized',
    'email-unverified',
    'user-unauthenticated',
    'service-account-unauthorized',
  ],
  words: {
    found: ofSubject(addressIn),
    wanted: (data) => matching('an email address at a domain', data),
  },
  parse(data, place) {
    warnOfTexts(data, place, doubtDomain)
    return parseAddressCriterion(data, place, domainsOf, 'domain-ok', 'domain-unauthorized')
  },
}

function addressIn({ email: address, emailVerified, claims }: Subject): string {
  if (address === undefined)
    return Array.isArray(claims['email']) ? 'several email addresses' : 'no email address'
  return `${quoted(address)}${emailVerified ? '' : ', unverified'}`
}

const aloneIn = (address: string): readonly string[] => [address]

function parseAddressCriterion(
  data: unknown,
  place: Place,
  partsOf: (address: string) => readonly string[],
  ok: Reason,
  otherwise: Reason,
): CompiledCriterion | undefined {
  const exact = parseStringMatcher(data, place, foldCase)
  const plain = parseStringMatcher(data, place, plainAddress, plainText)
  if (exact === undefined || plain === undefined) return undefined
  warnOfContradiction(data, place, exact)
  const readingsOf = (address: string): readonly boolean[] => [
    ...partsOf(address).map(exact),
    ...partsOf(plainAddress(address)).map(plain),
  ]
  return aboutEmail({
    ok,
    otherwise,
    ofNobody: exact(''),
    holds: (subject, stance) =>
      holdsInReadings(addressesOf(subject).flatMap(readingsOf), isTrue, stance),
  })
}

export interface EmailCriterion {
  readonly ok: Reason
  readonly otherwise: Reason
  /** What it says of somebody without an address. */
  readonly ofNobody: boolean
  /** What it says of the address, verified or not. */
  holds(subject: Subject, stance: Stance): boolean
}

/**
 * A criterion that reads an email address. An unverified one is what somebody claims, so it is taken for
 * theirs and for nobody's at once, and counts whichever keeps them out: on the side of `allow` it lets
 * nobody in, by whom they say they are or are not; on the side of `deny` it keeps out whom it names, and
 * saves nobody from a `deny` of all others.
 */
export function aboutEmail({ ok, otherwise, ofNobody, holds }: EmailCriterion): CompiledCriterion {
  return aboutSubject((subject, stance) => {
    const believed = holds(subject, stance)
    // A service account has no address that could be anything: `deny` asks about an empty one.
    if (subject.emailVerified || subject.kind === 'service-account') {
      return answer(believed, ok, otherwise)
    }
    if (stance.side === 'allow') return { value: stance.isTurned, reasons: ['email-unverified'] }
    const value = holdsInReadings([believed, ofNobody], isTrue, stance)
    return value === believed
      ? answer(value, ok, otherwise)
      : { value, reasons: ['email-unverified'] }
  })
}

const isTrue: Matches<boolean> = (value) => value

/** Of a list of several nobody says which one it is: none of them, or any. */
function addressesOf({ email: address, claims }: Subject): readonly string[] {
  if (address !== undefined) return [address]
  const listed: readonly unknown[] = Array.isArray(claims['email']) ? claims['email'] : []
  return ['', ...listed.filter((entry) => typeof entry === 'string')]
}

/**
 * What follows the `@`. A quoted local part may hold an `@` of its own (RFC 5321 §4.1.2): then the first
 * one, as Pomerium reads it, is followed by no domain at all, and the last one by the real one; where a
 * provider accepted `x@evil.example@corp.example` it is the other way round. So both count.
 */
function domainsOf(address: string): readonly string[] {
  const [first, last] = [address.indexOf('@'), address.lastIndexOf('@')]
  if (first === -1) return ['']
  return [first, last].map((at) => address.slice(at + 1))
}
