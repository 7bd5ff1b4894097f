import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import { oneByOne } from '../one-by-one.ts'
import { foldCase } from '../policy/matchers/string.ts'
import type { ScimLimits, ScimRecord } from '../store/scim-store.ts'
import type { Store } from '../store/store.ts'
import type { Stored } from '../store/stored.ts'
import { invalidValue, ScimFault } from './fault.ts'
import { readGroup, type ScimGroup } from './group.ts'
import { applyPatch, type Draft } from './patch.ts'
import { fieldsOf, type Fields } from './plain.ts'
import type { Provisioned, Resource } from './provisioned.ts'
import { readUser, type ScimUser } from './user.ts'

/** What a write has changed; `before` is undefined for what was made, `after` for what was deleted. */
export interface Written<Content> {
  readonly id: string
  readonly before: Content | undefined
  readonly after: Resource<Content> | undefined
}

/** The writes of one kind. Each resolves once it holds here, and throws `ScimFault`. */
export interface ScimWrites<Content> {
  create(plain: unknown): Promise<Written<Content>>
  /** With `version` only where it still is that one, as of all. */
  replace(id: string, plain: unknown, version?: string): Promise<Written<Content>>
  patch(id: string, body: unknown, version?: string): Promise<Written<Content>>
  remove(id: string, version?: string): Promise<Written<Content>>
}

export interface ScimRegister {
  readonly users: ScimWrites<ScimUser>
  readonly groups: ScimWrites<ScimGroup>
}

export interface ScimRegisterParts {
  readonly store: Pick<Store, 'scim'>
  readonly provisioned: Provisioned
  readonly clock: Clock
}

/** @limit users that are provisioned by SCIM: 507, and those there are stay as they are */
const maxUsers = 20_000
/** @limit groups that are provisioned by SCIM: 507 */
const maxGroups = 2_000
/** @limit deleted users of SCIM who are kept out: the one deleted first is forgotten, and may sign in again where the provider lets them */
const maxDeletedUsers = 20_000
/**
 * Another gateway may write the same at the same time; here one writes after the other.
 *
 * @limit none: how often a write is made again that another overtook; then 503
 */
const maxAttempts = 10

const limits: Readonly<Record<ScimRecord['kind'], ScimLimits>> = {
  user: { maxRecords: maxUsers, maxDeleted: maxDeletedUsers },
  group: { maxRecords: maxGroups, maxDeleted: 0 },
}

/** How one kind is read and kept. */
interface Kind<Content> {
  readonly kind: ScimRecord['kind']
  read(plain: unknown): Content
  /** What of it still holds. */
  now(content: Content): Content
  /** What replaces it: some of what is not said stays. */
  replacing(content: Content, plain: unknown): unknown
  /** As it is sent, for a PATCH. */
  draftOf(content: Content): Draft
  keyOf(content: Content): string | undefined
  /** Throws `ScimFault` for what does not fit what there is. */
  check(content: Content): void
  find(id: string): Resource<Content> | undefined
}

/** The version of a resource, as of now (RFC 7644 §3.14). */
export function versionOf({ revision }: Pick<Stored<ScimRecord>, 'revision'>): string {
  return `W/"${revision}"`
}

export function createScimRegister(parts: ScimRegisterParts): ScimRegister {
  const { provisioned } = parts
  const users = writesOf<ScimUser>(parts, {
    kind: 'user',
    read: readUser,
    now: (user) => user,
    // Whoever has left comes back by a word, and not by none.
    replacing: ({ active }, plain) => ({ active, ...withoutNone(fieldsOf(plain, 'a user')) }),
    draftOf: (user) => ({ ...user }),
    keyOf: ({ userName }) => foldCase(userName),
    check: () => undefined,
    find: provisioned.user,
  })
  const groups = writesOf<ScimGroup>(parts, {
    kind: 'group',
    read: readGroup,
    now: (group) => presentGroup(group, provisioned),
    replacing: (_, plain) => plain,
    draftOf: (group) => ({ ...group }),
    keyOf: () => undefined,
    check({ members }) {
      const stranger = members.find((id) => provisioned.user(id) === undefined)
      if (stranger !== undefined) throw invalidValue(`there is no user with the id "${stranger}"`)
    },
    find: provisioned.group,
  })
  const givingWay = async (writing: Promise<Written<ScimUser>>): Promise<Written<ScimUser>> => {
    const written = await writing
    await giveWay(parts, written)
    return written
  }
  return {
    users: {
      ...users,
      create: (plain) => givingWay(users.create(plain)),
      replace: (...asked) => givingWay(users.replace(...asked)),
      patch: (...asked) => givingWay(users.patch(...asked)),
    },
    groups,
  }
}

/** Whoever is active by a name is nobody who has left: not in what was active by it before, beside that one. */
async function giveWay(
  { store, provisioned }: ScimRegisterParts,
  { before, after }: Written<ScimUser>,
): Promise<void> {
  if (after?.content.active !== true) return
  const known = before?.active === true ? provisioned.formerOf(before) : []
  const ids = new Set(known.map(({ record }) => record.id))
  for (const { record, content, left } of provisioned.formerOf(after.content)) {
    if (ids.has(record.id) || isDeepStrictEqual(content, left)) continue
    if (left === undefined) await store.scim.remove(record)
    else await store.scim.update({ ...record, body: JSON.stringify(left) }, limits.user)
    await provisioned.settled('user', record.id)
  }
}

function writesOf<Content>(
  { store: { scim }, provisioned, clock }: ScimRegisterParts,
  it: Kind<Content>,
): ScimWrites<Content> {
  const { kind } = it
  const inTurn = oneByOne()

  /** As it holds here. What is written may not be told of before: the database may fail in between. */
  async function settled(id: string, revision: number): Promise<Resource<Content> | undefined> {
    await provisioned.settled(kind, id)
    const found = it.find(id)
    if ((found?.record.revision ?? Infinity) < revision) throw notYet()
    return found
  }

  /** Reads, judges and writes one in one, whatever is written meanwhile by another gateway. */
  async function rewrite(
    id: string,
    version: string | undefined,
    next: (content: Content) => Content,
  ): Promise<Written<Content>> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const record = await current(id, version)
      const before = it.now(it.read(JSON.parse(record.body)))
      const content = next(before)
      if (isDeepStrictEqual(before, content))
        return { id, before, after: await settled(id, record.revision) }
      it.check(content)
      const written = { ...record, key: it.keyOf(content), body: JSON.stringify(content) }
      const done = await scim.update({ ...written, updatedAtMs: clock.now() }, limits[kind])
      if (done === 'taken') throw taken()
      if (done !== 'changed') return { id, before, after: await settled(id, done) }
    }
    throw overtaken()
  }

  async function current(id: string, version: string | undefined): Promise<Stored<ScimRecord>> {
    const record = await scim.get(kind, id)
    if (record === undefined || record.isDeleted) throw notFound(id)
    const isMeant = version === undefined || version === '*' || version === versionOf(record)
    if (!isMeant) throw new ScimFault(412, undefined, `the ${kind} was changed meanwhile`)
    return record
  }

  async function remove(id: string, version: string | undefined): Promise<Written<Content>> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const record = await current(id, version)
      const before = it.read(JSON.parse(record.body))
      // A group leaves nothing; a user's sessions must not come back.
      const gone = { ...record, key: undefined, isDeleted: true, updatedAtMs: clock.now() }
      const isDone =
        kind === 'group'
          ? await scim.remove(record)
          : (await scim.update(gone, limits[kind])) !== 'changed'
      await provisioned.settled(kind, id)
      if (isDone && it.find(id) !== undefined) throw notYet()
      if (isDone) return { id, before, after: undefined }
    }
    throw overtaken()
  }

  return {
    create: (plain) =>
      inTurn(async () => {
        const content = it.read(plain)
        it.check(content)
        const nowMs = clock.now()
        const record = {
          kind,
          id: randomUUID(),
          key: it.keyOf(content),
          body: JSON.stringify(content),
          createdAtMs: nowMs,
          updatedAtMs: nowMs,
          isDeleted: false,
        }
        const done = await scim.add(record, limits[kind])
        if (done === 'taken') throw taken()
        if (done === 'full') throw full(kind)
        return { id: record.id, before: undefined, after: await settled(record.id, done) }
      }),
    replace: (id, plain, version) =>
      inTurn(() => rewrite(id, version, (content) => it.read(it.replacing(content, plain)))),
    patch: (id, body, version) =>
      inTurn(() =>
        rewrite(id, version, (content) => it.read(applyPatch(it.draftOf(content), body))),
      ),
    remove: (id, version) => inTurn(() => remove(id, version)),
  }
}

/** A group without members who have been deleted since. */
export function presentGroup(group: ScimGroup, { user }: Pick<Provisioned, 'user'>): ScimGroup {
  return { ...group, members: group.members.filter((id) => user(id) !== undefined) }
}

function withoutNone({ active, ...others }: Fields): Fields {
  return active === undefined || active === null ? others : { active, ...others }
}

export function notFound(id: string): ScimFault {
  return new ScimFault(404, undefined, `there is nothing with the id "${id.slice(0, 80)}"`)
}

function taken(): ScimFault {
  return new ScimFault(409, 'uniqueness', 'there is a user with this "userName" already')
}

function full(kind: ScimRecord['kind']): ScimFault {
  return new ScimFault(507, undefined, `there is no room for another ${kind}`)
}

function notYet(): ScimFault {
  return new ScimFault(503, undefined, 'it is kept, and does not hold yet: try again')
}

function overtaken(): ScimFault {
  return new ScimFault(503, undefined, 'others keep changing it: try again')
}
