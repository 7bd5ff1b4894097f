import type { KnownPerson } from '../identity/blocked-people.ts'
import type { Session } from '../identity/session.ts'
import { foldCase } from '../policy/matchers/string.ts'
import { addressesOf, type ScimUser } from './user.ts'

/** Which users a person may be. Each answer has every id once. */
export interface PeopleIndex {
  add(id: string, user: ScimUser): void
  remove(id: string, user: ScimUser): void
  /** By the id of the provider, or a verified email address: what gives groups goes by this. */
  surely(person: Pick<Session, 'userId' | 'email' | 'emailVerified'>): readonly string[]
  /** By an email address however it is spelt, verified or not. */
  perhaps(person: Pick<Session, 'email'>): readonly string[]
  /** By either: what keeps somebody out goes by this. */
  anyhow(person: KnownPerson): readonly string[]
  /** By a name of `namesOf`. */
  named(name: string): readonly string[]
  /** Who may be the same person as a user. */
  alike(user: ScimUser): readonly string[]
}

/** The id and the email addresses by which policies and lists know a user. */
export function namesOf({ externalId, ...user }: ScimUser): readonly string[] {
  const addresses = addressesOf(user).map(foldCase)
  return [...new Set([...(externalId === undefined ? [] : [externalId]), ...addresses])]
}

/**
 * What a user who has left is known by once an active user has some of the same names; undefined where that may be the same
 * person, who is back. Of somebody with another id the id stays, and every address that the new one has not: addresses are given
 * to others, and to two people at once.
 */
export function leftOfFormer(
  former: ScimUser,
  user: ScimUser,
  spelling: (email: string) => string,
): ScimUser | undefined {
  const ids = [former.externalId, user.externalId]
  if (ids.includes(undefined) || former.externalId === user.externalId) return undefined
  const taken = new Set(addressesOf(user).map(spelling))
  const isLeft = (address: string): boolean => !taken.has(spelling(address))
  const { userName, emails } = former
  const isName = !userName.includes('@') || isLeft(userName)
  return {
    ...former,
    // No address any more, and lists still say who it was.
    userName: isName ? userName : userName.replaceAll('@', ' '),
    emails: emails.filter(({ value }) => !value.includes('@') || isLeft(value)),
  }
}

/** Makes an empty index; `spelling` says what spellings of one email address have in common. */
export function createPeopleIndex(spelling: (email: string) => string): PeopleIndex {
  const [byId, byAddress, bySpelling, byUserName] = [
    createNames(),
    createNames(),
    createNames(),
    createNames(),
  ]
  const each = (user: ScimUser, act: (names: Names, name: string) => void): void => {
    if (user.externalId !== undefined) act(byId, user.externalId)
    act(byUserName, foldCase(user.userName))
    for (const address of new Set(addressesOf(user))) {
      act(byAddress, foldCase(address))
      act(bySpelling, spelling(address))
    }
  }
  const perhaps = (email: string | undefined): readonly string[] =>
    email?.includes('@') === true ? bySpelling.get(spelling(email)) : []
  return {
    add: (id, user) => each(user, (names, name) => names.add(name, id)),
    remove: (id, user) => each(user, (names, name) => names.remove(name, id)),
    surely({ userId, email, emailVerified }) {
      const byEmail = email !== undefined && emailVerified ? byAddress.get(foldCase(email)) : []
      return once(byId.get(userId), byEmail)
    },
    perhaps: ({ email }) => perhaps(email),
    anyhow: ({ userId, email }) => once(byId.get(userId), perhaps(email)),
    named: (name) => once(byId.get(name), byAddress.get(foldCase(name))),
    alike(user) {
      const found: string[] = []
      each(user, (names, name) => found.push(...names.get(name)))
      return once(found)
    },
  }
}

interface Names {
  add(name: string, id: string): void
  remove(name: string, id: string): void
  get(name: string): readonly string[]
}

function createNames(): Names {
  const all = new Map<string, Set<string>>()
  return {
    add(name, id) {
      const ids = all.get(name) ?? new Set()
      all.set(name, ids.add(id))
    },
    remove(name, id) {
      const ids = all.get(name)
      ids?.delete(id)
      if (ids?.size === 0) all.delete(name)
    },
    get: (name) => [...(all.get(name) ?? [])],
  }
}

function once(...lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())]
}
