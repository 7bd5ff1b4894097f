import { findClaim, maxClaimLevels } from '../../claim-path.ts'
import type { Subject } from '../facts.ts'
import type { Place } from '../place.ts'
import { foldCase } from '../matchers/string.ts'
import { doubtUnseen, warnOfListContradiction, warnOfTexts } from '../matchers/doubt.ts'
import { parseStringListMatcher } from '../matchers/string-list.ts'
import { plainAddress } from '../matchers/plain-address.ts'
import { aboutEmail, type EmailCriterion } from './email.ts'
import { doubtEmail } from './doubt-address.ts'
import { listed, matchingList, ofSubject, quoted } from './words.ts'
import { aboutSubject, answer, holdsInReadings, type Criterion } from './criterion.ts'

/** `claim/department: { has: engineering }` — what the identity provider says of a person. */
export const claim: Criterion = {
  name: 'claim',
  subPath: 'PATH',
  data: 'string list matcher',
  doc: 'holds when the claim of that name matches; `/` or `.` lead into nested claims, up to 5 levels; a claim whose whole name is PATH comes first',
  reasons: [
    'claim-ok',
    'claim-unauthorized',
    'email-unverified',
    'user-unauthenticated',
    'service-account-unauthorized',
  ],
  words: {
    found: (facts, path) =>
      ofSubject(
        ({ claims }) => `claim ${quoted(path)}: ${listed(valuesOf(findClaim(claims, path)))}`,
      )(facts),
    wanted: (data, path) => matchingList(`values of claim ${quoted(path)}`, data),
    // What a claim holds may be a name, a number or an address of somebody.
    wantedBriefly: (_, path) => `a value of claim ${quoted(path)} that this route names`,
  },
  parse(data, place, path) {
    if (path === '') return place.problem('needs a claim\'s name after it, such as "claim/groups"')
    const readsEmail = /^email(?:[/.]|$)/.test(path)
    const matches = parseStringListMatcher(data, place, readsEmail ? foldCase : undefined)
    if (matches === undefined) return undefined
    warnOfTexts(data, place, readsEmail ? doubtEmail : doubtUnseen)
    warnOfListContradiction(data, place, matches)
    warnOfPath(path, place)
    const values = ({ claims }: Subject): readonly string[] => valuesOf(findClaim(claims, path))
    const [ok, otherwise] = ['claim-ok', 'claim-unauthorized'] as const
    if (!readsEmail)
      return aboutSubject((subject) => answer(matches(values(subject)), ok, otherwise))
    // The raw claim is the very address that `email` does not believe while it is unverified.
    const plain = parseStringListMatcher(data, place, plainAddress) ?? matches
    const holds: EmailCriterion['holds'] = (subject, stance) =>
      holdsInReadings([matches, plain], (reading) => reading(values(subject)), stance)
    return aboutEmail({ ok, otherwise, ofNobody: matches([]), holds })
  },
}

function warnOfPath(path: string, place: Place): void {
  const steps = path.split(/[/.]/).length
  if (path.trim() !== path) place.warn('can hardly match: a blank is part of the name of the claim')
  else if (steps > maxClaimLevels) {
    const why = `leads through ${steps} levels, and claims are looked for in ${maxClaimLevels}`
    place.warn(`can hardly match: ${why}`, 'only a claim whose whole name that is would be found')
  }
}

/** A claim as a list of strings: a list's scalars, or the one scalar; nothing else compares. */
function valuesOf(claim: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return values.filter(isScalar).map(String)
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
