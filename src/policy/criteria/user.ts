import type { Verdict } from '../decision.ts'
import type { Subject } from '../facts.ts'
import {
  doubtUnseen,
  firstDoubt,
  shown,
  warnOfContradiction,
  warnOfTexts,
} from '../matchers/doubt.ts'
import { parseStringMatcher } from '../matchers/string.ts'
import { matching, ofSubject, quoted } from './words.ts'
import { aboutSubject, answer, type Criterion } from './criterion.ts'

/** `authenticated_user: true` — whoever is signed in, service accounts included. */
export const authenticatedUser: Criterion = {
  name: 'authenticated_user',
  data: 'anything',
  doc: 'holds for whoever is signed in, and for service accounts',
  reasons: ['user-ok', 'user-unauthenticated', 'service-account-unauthorized'],
  words: { found: ofSubject(nameOf), wanted: () => 'somebody who is signed in' },
  parse: () => aboutSubject(isKnown, isKnown),
}

function nameOf({ email, userId }: Subject): string {
  return quoted(email ?? userId)
}

const isKnown = (): Verdict => ({ value: true, reasons: ['user-ok'] })

/**
 * `user: { is: 248289761001 }` — the provider's identifier of a person, never their email address; or
 * the id of a service account. No person has the id of one: `identity/` sees to that.
 */
export const user: Criterion = {
  name: 'user',
  data: 'string matcher',
  doc: "holds when the identity provider's identifier of the person (`sub`; `ID/sub` for another provider than the default one), or the id of the service account, matches",
  reasons: ['user-ok', 'user-unauthorized', 'user-unauthenticated', 'service-account-unauthorized'],
  words: {
    found: ofSubject(({ userId }) => `id ${quoted(userId)}`),
    wanted: (data) => matching('an id', data),
    wantedBriefly: () => 'an id that this route names',
  },
  parse(data, place) {
    const matches = parseStringMatcher(data, place)
    if (matches === undefined) return undefined
    warnOfTexts(data, place, doubtUser)
    warnOfContradiction(data, place, matches)
    // What the empty id satisfies too, such as `{ not: … }`, says who somebody is not.
    const isOnlyNegative = matches('')
    return aboutSubject(
      ({ userId }) => answer(matches(userId), 'user-ok', 'user-unauthorized'),
      ({ userId }) => answer(!isOnlyNegative && matches(userId), 'user-ok', 'user-unauthorized'),
      isOnlyNegative,
    )
  },
}

const doubtUser = firstDoubt([
  doubtUnseen,
  (text, role) => {
    if (!text.includes('@')) return undefined
    const why = 'is compared with the identifier that the provider gives a person ("sub")'
    const hint = role === 'whole' ? `if it is an email address, write {email: ${text}}` : undefined
    return { message: `${shown(text)} can hardly match: it ${why}`, hint }
  },
])
