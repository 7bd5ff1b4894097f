import { findClaim } from '../../claim-path.ts'
import { foldCase } from '../matchers/string.ts'
import { parseStringListMatcher } from '../matchers/string-list.ts'
import { aboutEmail } from './email.ts'
import { aboutSubject, answer, type Criterion } from './criterion.ts'

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
  parse(data, place, path) {
    if (path === '') return place.problem('needs a claim\'s name after it, such as "claim/groups"')
    const readsEmail = /^email(?:[/.]|$)/.test(path)
    const matches = parseStringListMatcher(data, place, readsEmail ? foldCase : undefined)
    if (matches === undefined) return undefined
    // The raw claim is the very address that `email` refuses while it is unverified.
    const about = readsEmail ? aboutEmail : aboutSubject
    return about((subject) =>
      answer(matches(valuesOf(findClaim(subject.claims, path))), 'claim-ok', 'claim-unauthorized'),
    )
  },
}

/** A claim as a list of strings: a list's scalars, or the one scalar; nothing else compares. */
function valuesOf(claim: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return values.filter(isScalar).map(String)
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
