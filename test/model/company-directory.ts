import type { DirectoryUser, Facts } from './facts.ts'

// What the company's directory says of somebody: as docs/scim.md has it, and not as src/scim does.

interface Known {
  readonly userId: string
  readonly email: string
}

/** What spellings of one address have in common, as far as the model spells any otherwise. */
const plain = (address: string): string => address.toLowerCase().replaceAll('.@', '@')

export function addressesOf({ userName, emails }: DirectoryUser): readonly string[] {
  return [userName, ...emails].filter((it) => it.includes('@'))
}

/** Whether one that has left, or is not active, may be this person. */
export function isKeptOut({ company }: Facts, { userId, email }: Known): boolean {
  return (
    company.isOn &&
    company.users.some((user) => {
      if (user.isActive && !user.isDeleted) return false
      return user.externalId === userId || addressesOf(user).map(plain).includes(plain(email))
    })
  )
}

/** Groups that somebody is in, and those that are perhaps theirs: which count where they keep them out. */
export function companyGroups(
  { company: { isOn, users, groups } }: Facts,
  { userId, email, isVerified }: Known & { readonly isVerified: boolean },
): { readonly sure: readonly string[]; readonly perhaps: readonly string[] } {
  const groupsOf = (isThem: (user: DirectoryUser) => boolean): readonly string[] =>
    users
      .filter((user) => isOn && user.isActive && !user.isDeleted && isThem(user))
      .flatMap(({ id }) => groups.filter(({ members }) => members.has(id)))
      .map(({ name }) => name)
  const lower = email.toLowerCase()
  return {
    sure: groupsOf(
      (user) =>
        user.externalId === userId ||
        (isVerified && addressesOf(user).some((address) => address.toLowerCase() === lower)),
    ),
    perhaps: groupsOf((user) => addressesOf(user).map(plain).includes(plain(email))),
  }
}

/**
 * Somebody has become active by names that others had who have left: by the same id, or where one of the two has none, it is
 * the same person, who is back. Otherwise only addresses have passed on.
 */
export function giveWay(users: DirectoryUser[], user: DirectoryUser, before?: DirectoryUser): void {
  if (!user.isActive) return
  for (const former of users.filter(({ isDeleted }) => isDeleted)) {
    const wasBeside = before?.isActive === true && sharesName(before, former)
    if (wasBeside || !sharesName(user, former)) continue
    const isOther =
      former.externalId !== undefined &&
      user.externalId !== undefined &&
      former.externalId !== user.externalId
    if (isOther) {
      const taken = addressesOf(user).map(plain)
      const isLeft = (text: string): boolean => !taken.includes(plain(text))
      former.emails = former.emails.filter(isLeft)
      if (former.userName.includes('@') && !isLeft(former.userName)) former.userName = 'somebody'
    } else users.splice(users.indexOf(former), 1)
  }
}

function sharesName(one: DirectoryUser, other: DirectoryUser): boolean {
  const addresses = addressesOf(other).map(plain)
  return (
    (one.externalId !== undefined && one.externalId === other.externalId) ||
    one.userName === other.userName ||
    addressesOf(one).some((address) => addresses.includes(plain(address)))
  )
}
