import type { Session } from '../identity/session.ts'
import type { Subject } from '../policy/facts.ts'
import { plainAddress } from '../policy/matchers/plain-address.ts'
import { foldCase } from '../policy/matchers/string.ts'

/** One person in one group. */
export interface Membership {
  /** An email address when there is an `@` in it, else the id the provider gives. */
  readonly member: string
  readonly group: string
}

/** Groups that a file puts people in, besides those of their provider. */
export interface Directory {
  /** How many memberships it holds, each once. */
  readonly size: number
  /** Everybody who is in a group, each once: email addresses in lower case, and ids. */
  members(): Iterable<string>
  /** Whether somebody is in a group, by an email address whatever its case, or an id. */
  has(member: string): boolean
  /** The groups of somebody, by their verified email address or their id; empty for a stranger. */
  groupsOf(person: Pick<Session, 'userId' | 'email' | 'emailVerified'>): readonly string[]
  /** Those of an address that somebody only claims, or that is a spelling of the one it lists. */
  claimedGroupsOf(person: Pick<Session, 'email'>): readonly string[]
}

/** Whether a name of a directory is an email address. */
export function isEmail(member: string): boolean {
  return member.includes('@')
}

/** What two spellings of one member have in common: email addresses compare without case. */
export function memberKey(member: string): string {
  return isEmail(member) ? foldCase(member) : member
}

export function createDirectory(memberships: readonly Membership[]): Directory {
  return directoryOf(groupsByMember(memberships))
}

/** Each group once for each member, who is named by `memberKey`. */
export function groupsByMember(
  memberships: readonly Membership[],
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, Set<string>>()
  for (const { member, group } of memberships) {
    const key = memberKey(member)
    const known = groups.get(key) ?? new Set()
    groups.set(key, known.add(group))
  }
  return new Map([...groups].map(([key, known]) => [key, [...known]]))
}

/** Makes a directory of what `groupsByMember` says. */
export function directoryOf(groups: ReadonlyMap<string, readonly string[]>): Directory {
  return {
    get size() {
      return [...groups.values()].reduce((sum, theirs) => sum + theirs.length, 0)
    },
    members: () => groups.keys(),
    has: (member) => groups.has(memberKey(member)),
    groupsOf({ userId, email, emailVerified }) {
      // A user id with an `@` in it is not looked up: whoever wrote the file meant an email address,
      // perhaps somebody else's.
      const byId = isEmail(userId) ? undefined : groups.get(userId)
      const isUsable = email !== undefined && emailVerified && isEmail(email)
      const byEmail = isUsable ? groups.get(foldCase(email)) : undefined
      return [...(byId ?? []), ...(byEmail ?? [])]
    },
    claimedGroupsOf({ email = '' }) {
      const claimed = plainAddress(email)
      return isEmail(claimed) ? [...(groups.get(claimed) ?? [])] : []
    },
  }
}

/** What several sources of groups say together; undefined without any. */
export function joinDirectories(
  sources: readonly (Directory | undefined)[],
): Directory | undefined {
  const all = sources.filter((it) => it !== undefined)
  if (all.length < 2) return all[0]
  return {
    get size() {
      return all.reduce((sum, { size }) => sum + size, 0)
    },
    members: () => new Set(all.flatMap((it) => [...it.members()])),
    has: (member) => all.some((it) => it.has(member)),
    groupsOf: (person) => all.flatMap((it) => it.groupsOf(person)),
    claimedGroupsOf: (person) => all.flatMap((it) => it.claimedGroupsOf(person)),
  }
}

/**
 * Somebody as policies see them now: a person's groups are those their provider says and those of the
 * directory. A service account has none.
 */
export function subjectOf(
  who: Subject | undefined,
  directory: Directory | undefined,
): Subject | undefined {
  if (directory === undefined || who?.kind !== 'person') return who
  const groups = [...new Set([...who.groups, ...directory.groupsOf(who)])]
  const claimedGroups = directory.claimedGroupsOf(who).filter((it) => !groups.includes(it))
  const isAsBefore = groups.length === who.groups.length && claimedGroups.length === 0
  return isAsBefore ? who : { ...who, groups, claimedGroups }
}
