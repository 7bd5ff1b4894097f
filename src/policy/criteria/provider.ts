import {
  doubtUnseen,
  firstDoubt,
  never,
  warnOfContradiction,
  warnOfTexts,
  type DoubtText,
} from '../matchers/doubt.ts'
import { didYouMean } from '../../spelling.ts'
import { parseStringMatcher } from '../matchers/string.ts'
import { matching, ofSubject, quoted } from './words.ts'
import { aboutSubject, answer, type Criterion } from './criterion.ts'

/** `provider: { is: partner }` — the identity provider that a person has signed in with, by its id. */
export const provider: Criterion = {
  name: 'provider',
  data: 'string matcher',
  doc: 'holds when the id of the identity provider that the person has signed in with matches: `default` for that of the keys `idp_*`, `local` for the accounts of the gateway itself',
  reasons: [
    'provider-ok',
    'provider-unauthorized',
    'user-unauthenticated',
    'service-account-unauthorized',
  ],
  words: {
    found: ofSubject(({ provider: id }) =>
      id === undefined ? 'no known provider' : `provider ${quoted(id)}`,
    ),
    wanted: (data) => matching('a provider', data),
  },
  parse(data, place) {
    const matches = parseStringMatcher(data, place)
    if (matches === undefined) return undefined
    warnOfTexts(data, place, doubtProvider)
    warnOfTexts(data, place, doubtUnknown(place.context.providers))
    warnOfContradiction(data, place, matches)
    return aboutSubject(({ provider: id = '' }) =>
      answer(matches(id), 'provider-ok', 'provider-unauthorized'),
    )
  },
}

/** Of what no id can be something else is said. */
function doubtUnknown(providers: readonly string[] | undefined): DoubtText {
  return (text, role) => {
    if (role !== 'whole' || providers === undefined || providers.includes(text)) return undefined
    if (doubtProvider(text, role) !== undefined) return undefined
    const why = 'no provider of this gateway has that id'
    return never(text, why, didYouMean(text, providers))
  }
}

const doubtProvider = firstDoubt([
  doubtUnseen,
  (text) => {
    if (/^[a-z0-9-]*$/.test(text)) return undefined
    const lower = text.toLowerCase()
    const hint = /^[a-z0-9-]+$/.test(lower) ? `write ${quoted(lower)}` : undefined
    return never(text, 'an id of "identity_providers" has small letters, digits and "-" only', hint)
  },
])
