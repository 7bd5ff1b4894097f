import { parseStringMatcher } from '../matchers/string.ts'
import { aboutSubject, answer, type Criterion } from './criterion.ts'

/** `authenticated_user: true` — whoever is signed in. */
export const authenticatedUser: Criterion = {
  name: 'authenticated_user',
  data: 'anything',
  doc: 'holds for whoever is signed in',
  reasons: ['user-ok', 'user-unauthenticated'],
  parse: () => aboutSubject(() => ({ value: true, reasons: ['user-ok'] })),
}

/** `user: { is: 248289761001 }` — the provider's identifier of a person, never their email address. */
export const user: Criterion = {
  name: 'user',
  data: 'string matcher',
  doc: "holds when the identity provider's identifier of the person (`sub`) matches",
  reasons: ['user-ok', 'user-unauthorized', 'user-unauthenticated'],
  parse(data, place) {
    const matches = parseStringMatcher(data, place)
    return (
      matches &&
      aboutSubject(({ userId }) => answer(matches(userId), 'user-ok', 'user-unauthorized'))
    )
  },
}
