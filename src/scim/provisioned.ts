import type { Directory } from '../access/directory.ts'
import type { Clock } from '../clock.ts'
import type { KnownPerson } from '../identity/blocked-people.ts'
import type { Logger } from '../log.ts'
import { follow, type Followed } from '../store/follow.ts'
import type { ScimRecord } from '../store/scim-store.ts'
import type { Store } from '../store/store.ts'
import type { Stored } from '../store/stored.ts'
import { readGroup, type ScimGroup } from './group.ts'
import { createPeopleIndex, leftOfFormer, namesOf } from './people-index.ts'
import { readUser, type ScimUser } from './user.ts'

/** A record with what its body says. */
export interface Resource<Content> {
  readonly record: Stored<ScimRecord>
  readonly content: Content
}

export type UserResource = Resource<ScimUser>
export type GroupResource = Resource<ScimGroup>

export type FormerUser = UserResource & { readonly left: ScimUser | undefined }

/** A change of what decisions rest on. */
export interface ProvisionedChange {
  /** Whether it may be about this person. */
  concerns(person: KnownPerson): boolean
  /** Whether somebody may be kept out by it who was not before. */
  readonly keepsOut: boolean
}

/**
 * The users and groups that were provisioned, in memory, so that nobody waits for them. Of a person they say something by the
 * provider's user id (`externalId`), or by an email address.
 */
export interface Provisioned {
  /** In the order of their making, without deleted ones. */
  users(): readonly UserResource[]
  user(id: string): UserResource | undefined
  /** Those who have a text as `userName`, `externalId` or email address, and perhaps others. */
  likely(name: string): readonly UserResource[]
  /** Deleted users who have a name of this one, with what is left of each beside it; undefined where nothing is. */
  formerOf(user: ScimUser): readonly FormerUser[]
  groups(): readonly GroupResource[]
  group(id: string): GroupResource | undefined
  /** The groups that users are in; nobody is while nothing is provisioned. */
  readonly directory: Directory
  /** Users who are not active, or were deleted; none while nothing is provisioned. */
  deactivated(): readonly UserResource[]
  /** Whether one of those is this person: by id, or by an email address however it is spelt. */
  isKeptOut(person: KnownPerson): boolean
  /** Calls back once something that decisions rest on holds here; whoever wrote it, and wherever. */
  onChanged(listener: (change: ProvisionedChange) => void): void
  /** Resolves once what was written of one before is here. */
  settled(kind: ScimRecord['kind'], id: string): Promise<void>
}

export interface ProvisionedOptions {
  readonly store: Pick<Store, 'scim' | 'feed'>
  readonly clock: Clock
  readonly log: Logger
  /** What spellings of one email address have in common. */
  spelling(email: string): string
  /** Whether anybody may provision, as it is configured now: what nobody could take back must not hold. */
  isOn(): boolean
}

/** Reads everything that was provisioned, and follows it from then on. */
export async function openProvisioned(options: ProvisionedOptions): Promise<Provisioned> {
  const { store, isOn } = options
  const users = new Map<string, UserResource>()
  const groups = new Map<string, GroupResource>()
  const people = createPeopleIndex(options.spelling)
  /** Ids of groups by those of their members. */
  const groupsOf = new Map<string, Set<string>>()
  const listeners = new Set<(change: ProvisionedChange) => void>()

  const isIn = (id: string): boolean => {
    const user = users.get(id)
    return user !== undefined && !user.record.isDeleted && user.content.active
  }
  const isOut = (id: string): boolean => users.has(id) && !isIn(id)

  function tell(touched: ReadonlySet<string>, isOfUser: boolean, before?: ScimUser): void {
    // Also whoever a user was before, by another address.
    const former = createPeopleIndex(options.spelling)
    if (before !== undefined) former.add('', before)
    const concerns = (person: KnownPerson): boolean =>
      people.anyhow(person).some((id) => touched.has(id)) || former.anyhow(person).length > 0
    const keepsOut = isOfUser && [...touched].some(isOut)
    for (const listener of listeners) listener({ concerns, keepsOut })
  }

  function setUser(id: string, resource: UserResource | undefined): void {
    const before = users.get(id)
    if (before !== undefined) people.remove(id, before.content)
    if (resource === undefined) users.delete(id)
    else {
      users.set(id, resource)
      people.add(id, resource.content)
    }
  }

  function setGroup(id: string, resource: GroupResource | undefined): ReadonlySet<string> {
    const before = groups.get(id)?.content
    for (const member of before?.members ?? []) groupsOf.get(member)?.delete(id)
    if (resource === undefined) groups.delete(id)
    else groups.set(id, resource)
    const after = resource?.content
    for (const member of after?.members ?? []) {
      const theirs = groupsOf.get(member) ?? new Set()
      groupsOf.set(member, theirs.add(id))
    }
    if (before?.displayName !== after?.displayName)
      return new Set([...(before?.members ?? []), ...(after?.members ?? [])])
    return differing(before?.members ?? [], after?.members ?? [])
  }

  async function refreshUser(id: string): Promise<void> {
    const record = await store.scim.get('user', id)
    const before = users.get(id)?.content
    setUser(id, record && toUser(record))
    tell(new Set([id]), true, before)
  }

  async function refreshGroup(id: string): Promise<void> {
    const record = await store.scim.get('group', id)
    const touched = setGroup(id, record && toGroup(record))
    if (touched.size > 0) tell(touched, false)
  }

  const followed: Record<ScimRecord['kind'], Followed> = {
    user: await follow({
      ...followingOf(options),
      kind: 'scim-user',
      async load() {
        for (const record of await store.scim.list('user')) setUser(record.id, toUser(record))
      },
      refresh: refreshUser,
    }),
    group: await follow({
      ...followingOf(options),
      kind: 'scim-group',
      async load() {
        for (const record of await store.scim.list('group')) setGroup(record.id, toGroup(record))
      },
      refresh: refreshGroup,
    }),
  }

  function* groupNames(ids: Iterable<string>): Generator<string> {
    for (const id of ids) {
      if (!isIn(id)) continue
      for (const groupId of groupsOf.get(id) ?? []) {
        const group = groups.get(groupId)
        if (group !== undefined) yield group.content.displayName
      }
    }
  }
  const namesFor = (ids: Iterable<string>): readonly string[] =>
    isOn() ? [...new Set(groupNames(ids))] : []
  const members = (): readonly UserResource[] =>
    isOn() ? present(users).filter(({ record }) => (groupsOf.get(record.id)?.size ?? 0) > 0) : []

  return {
    users: () => present(users),
    user: (id) => presentOne(users.get(id)),
    likely: (name) =>
      people
        .alike({ userName: name, externalId: name, active: true, emails: [] })
        .flatMap((id) => presentOne(users.get(id)) ?? []),
    formerOf: (user) =>
      people
        .alike(user)
        .flatMap((id) => users.get(id) ?? [])
        .filter(({ record }) => record.isDeleted)
        .map((it) => ({ ...it, left: leftOfFormer(it.content, user, options.spelling) })),
    groups: () => present(groups),
    group: (id) => presentOne(groups.get(id)),
    directory: {
      get size() {
        return members().reduce((sum, { record }) => sum + (groupsOf.get(record.id)?.size ?? 0), 0)
      },
      members: () => new Set(members().flatMap(({ content }) => namesOf(content))),
      has: (member) => namesFor(people.named(member)).length > 0,
      groupsOf: (person) => namesFor(people.surely(person)),
      claimedGroupsOf: (person) => namesFor(people.perhaps(person)),
    },
    deactivated: () => (isOn() ? [...users.values()].filter(({ record }) => isOut(record.id)) : []),
    isKeptOut: (person) => isOn() && people.anyhow(person).some(isOut),
    onChanged: (listener) => void listeners.add(listener),
    async settled(kind, id) {
      await followed[kind].settled(id)
    },
  }
}

function followingOf({ store, log, clock }: ProvisionedOptions) {
  // What has changed is told by the row alone; whoever wrote it waits until it is here.
  return { feed: store.feed, log, clock, foretell: () => undefined }
}

function toUser(record: Stored<ScimRecord>): UserResource {
  return { record, content: readUser(JSON.parse(record.body)) }
}

function toGroup(record: Stored<ScimRecord>): GroupResource {
  return { record, content: readGroup(JSON.parse(record.body)) }
}

function present<Content>(
  all: ReadonlyMap<string, Resource<Content>>,
): readonly Resource<Content>[] {
  return [...all.values()].filter(({ record }) => !record.isDeleted)
}

function presentOne<Content>(one: Resource<Content> | undefined): Resource<Content> | undefined {
  return one?.record.isDeleted === true ? undefined : one
}

function differing(before: readonly string[], after: readonly string[]): ReadonlySet<string> {
  const [old, fresh] = [new Set(before), new Set(after)]
  const [gone, come] = [before.filter((id) => !fresh.has(id)), after.filter((id) => !old.has(id))]
  return new Set([...gone, ...come])
}
