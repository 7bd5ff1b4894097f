import type { Verdict } from '../decision.ts'
import type { Subject } from '../facts.ts'
import { foldCase, parseStringMatcher } from '../matchers/string.ts'
import { aboutSubject, answer, type CompiledCriterion, type Criterion } from './criterion.ts'

/** `email: { is: user@companydomain.com }` — the email address of the person, whatever its case. */
export const email: Criterion = {
  name: 'email',
  data: 'string matcher',
  doc: "holds when the person's email address matches, whatever its case; never when it is unverified",
  reasons: [
    'email-ok',
    'email-unauthorized',
    'email-unverified',
    'user-unauthenticated',
    'service-account-unauthorized',
  ],
  parse(data, place) {
    const matches = parseStringMatcher(data, place, foldCase)
    return (
      matches &&
      aboutEmail(({ email = '' }) => answer(matches(email), 'email-ok', 'email-unauthorized'))
    )
  },
}

/** `domain: { is: companydomain.com }` — what follows the `@` in the person's email address. */
export const domain: Criterion = {
  name: 'domain',
  data: 'string matcher',
  doc: 'holds when what follows the first `@` of the email address matches, whatever its case; never when the address is unverified',
  reasons: [
    'domain-ok',
    'domain-unauthorized',
    'email-unverified',
    'user-unauthenticated',
    'service-account-unauthorized',
  ],
  parse(data, place) {
    const matches = parseStringMatcher(data, place, foldCase)
    return (
      matches &&
      aboutEmail(({ email = '' }) =>
        answer(matches(domainOf(email)), 'domain-ok', 'domain-unauthorized'),
      )
    )
  },
}

/**
 * A criterion that reads an email address: an unverified one satisfies none, not even a negative
 * matcher such as `{ not: … }`.
 *
 * It is false on both sides of a policy and in front of operators. So a `deny` that names an address
 * does not hold for somebody who merely claims that address, and `not` around such a criterion is
 * true: to keep unverified people out, `allow` by address or group rather than by who they are not.
 */
export function aboutEmail(judge: (subject: Subject) => Verdict): CompiledCriterion {
  return aboutSubject((subject) =>
    // A service account has no address that could be anything: `deny` asks about an empty one.
    subject.emailVerified || subject.kind === 'service-account'
      ? judge(subject)
      : { value: false, reasons: ['email-unverified'] },
  )
}

/**
 * What follows the first `@`, as Pomerium reads it. A quoted local part may hold an `@` of its own
 * (RFC 5321 §4.1.2), and then this is no domain at all, so `allow` by an exact domain fails closed;
 * the last `@` would let `x@evil.example@corp.example` in where a provider accepted such an address.
 */
function domainOf(email: string): string {
  const at = email.indexOf('@')
  return at === -1 ? '' : email.slice(at + 1)
}
