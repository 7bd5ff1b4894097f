import type { Subject } from '../facts.ts'
import { foldCase } from '../matchers/string.ts'
import { parseStringListMatcher } from '../matchers/string-list.ts'
import { isObject } from '../place.ts'
import { aboutEmail } from './email.ts'
import { aboutSubject, answer, type Criterion } from './criterion.ts'

/**
 * More steps than this into nested claims are not taken; a claim of that very name is still found.
 *
 * @limit steps into a nested claim: the criterion does not hold
 */
const maxClaimLevels = 5

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
    const steps = path.split(/[/.]/)
    const readsEmail = steps[0] === 'email'
    const matches = parseStringListMatcher(data, place, readsEmail ? foldCase : undefined)
    if (matches === undefined) return undefined
    // The raw claim is the very address that `email` refuses while it is unverified.
    const about = readsEmail ? aboutEmail : aboutSubject
    return about((subject) =>
      answer(matches(valuesOf(findClaim(subject, path, steps))), 'claim-ok', 'claim-unauthorized'),
    )
  },
}

/** Own properties only: `claim/constructor` is no claim. */
function findClaim({ claims }: Subject, path: string, steps: readonly string[]): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  if (steps.length > maxClaimLevels) return undefined
  let found: unknown = claims
  for (const step of steps) {
    if (!isObject(found) || !Object.hasOwn(found, step)) return undefined
    found = found[step]
  }
  return found
}

/** A claim as a list of strings: a list's scalars, or the one scalar; nothing else compares. */
function valuesOf(claim: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return values.filter(isScalar).map(String)
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
