import {
  doubtUnseen,
  firstDoubt,
  shown,
  warnOfListContradiction,
  warnOfTexts,
} from '../matchers/doubt.ts'
import { parseStringListMatcher } from '../matchers/string-list.ts'
import { listed, matchingList, ofSubject } from './words.ts'
import { aboutSubject, answer, holdsInReadings, type Criterion } from './criterion.ts'

/** `groups: { has: datascience@example.com }` — the groups the identity provider puts a person in. */
export const groups: Criterion = {
  name: 'groups',
  data: 'string list matcher',
  doc: "holds when the person's groups match",
  reasons: [
    'groups-ok',
    'groups-unauthorized',
    'user-unauthenticated',
    'service-account-unauthorized',
  ],
  words: {
    found: ofSubject(({ groups, claimedGroups = [] }) =>
      claimedGroups.length === 0
        ? listed(groups)
        : `${listed(groups)}, and perhaps ${listed(claimedGroups)}`,
    ),
    wanted: (data) => matchingList('groups', data),
  },
  parse(data, place) {
    const matches = parseStringListMatcher(data, place)
    warnOfTexts(data, place, doubtGroup)
    if (matches !== undefined) warnOfListContradiction(data, place, matches)
    return (
      matches &&
      aboutSubject(({ groups, claimedGroups = [] }, stance) => {
        const readings =
          claimedGroups.length > 0 ? [groups, [...groups, ...claimedGroups]] : [groups]
        return answer(
          holdsInReadings(readings, matches, stance),
          'groups-ok',
          'groups-unauthorized',
        )
      })
    )
  },
}

const doubtGroup = firstDoubt([
  doubtUnseen,
  (text) =>
    text.endsWith('*')
      ? { message: `"*" in ${shown(text)} stands for itself: groups are compared as a whole` }
      : undefined,
])
