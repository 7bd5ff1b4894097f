import { invalidSyntax, invalidValue, ScimFault } from './fault.ts'
import { parsePath, type AttributePath } from './filter.ts'
import { memberIn } from './group.ts'
import { isEntry } from './match.ts'
import { fieldsOf, isObject, listIn } from './plain.ts'
import { maxEmails, nameParts } from './user.ts'

/** A user or a group while it is changed, as it is sent. */
export type Draft = Readonly<Record<string, unknown>>

/** @limit operations of one PATCH of SCIM: 400 `tooMany` */
const maxOperations = 1_000

/** Attributes that can be changed, by their names in lower case. Others are taken and not kept. */
const attributes: ReadonlyMap<string, string> = new Map(
  ['userName', 'externalId', 'displayName', 'active', 'name', 'emails', 'members'].map(
    (name) => [name.toLowerCase(), name] as const,
  ),
)
const readOnly: ReadonlySet<string> = new Set(['id', 'schemas', 'meta', 'groups'])

type Op = 'add' | 'remove' | 'replace'
type Entry = Readonly<Record<string, unknown>>

/**
 * Makes the changes of a PATCH, one after the other (RFC 7644 §3.5.2). Entra ID writes `Replace`, and names with dots
 * where there is no path; Okta sends `id` along. Throws `ScimFault`.
 */
export function applyPatch(draft: Draft, body: unknown): Draft {
  const operations = fieldsOf(body, 'a PATCH')['operations']
  if (!Array.isArray(operations) || operations.length === 0)
    throw invalidSyntax('"Operations" must be a list with an operation in it')
  if (operations.length > maxOperations)
    throw new ScimFault(400, 'tooMany', `there are more than ${maxOperations} operations`)
  const changed = (operations as readonly unknown[]).reduce<Draft>(applyOperation, draft)
  const { members } = changed
  return members instanceof Set ? { ...changed, members: [...members] } : changed
}

function applyOperation(draft: Draft, plain: unknown): Draft {
  const { op: written, path, value } = fieldsOf(plain, 'an operation')
  const op = typeof written === 'string' ? written.toLowerCase() : ''
  if (!isOp(op)) throw invalidSyntax('"op" must be one of "add", "remove", "replace"')
  if (typeof path === 'string' && path !== '') {
    const place = parsePath(path)
    if (readOnly.has(place.attribute))
      throw new ScimFault(400, 'mutability', `"${place.attribute}" cannot be changed`)
    return change(draft, op, place, value)
  }
  if (path !== undefined && path !== null && path !== '') throw invalidSyntax('"path" must be text')
  if (op === 'remove') throw new ScimFault(400, 'noTarget', 'a "remove" needs a "path"')
  if (!isObject(value)) throw invalidValue('without a "path" the "value" must be an object')
  return Object.entries(value).reduce<Draft>((changed, [name, it]) => {
    const place = parsePath(name)
    return readOnly.has(place.attribute) ? changed : change(changed, op, place, it)
  }, draft)
}

function isOp(text: string): text is Op {
  return text === 'add' || text === 'remove' || text === 'replace'
}

function change(draft: Draft, op: Op, place: AttributePath, value: unknown): Draft {
  const name = attributes.get(place.attribute)
  if (name === undefined) return draft
  return { ...draft, [name]: changed(name, draft[name], { op, place, value }) }
}

interface Change {
  readonly op: Op
  readonly place: AttributePath
  readonly value: unknown
}

function changed(name: string, before: unknown, it: Change): unknown {
  if (name === 'emails') return listIn(changedEmails(entriesOf(before), it), 'emails', maxEmails)
  if (name === 'members') return changedMembers(before, it)
  if (name === 'name') return changedName(isObject(before) ? before : {}, it)
  const { op, place, value } = it
  if (place.sub !== undefined || place.within !== undefined)
    throw new ScimFault(400, 'invalidPath', `"${name}" has no parts`)
  const after = op === 'remove' ? undefined : value
  // Without it somebody would be active again.
  if (name === 'active' && isNone(after))
    throw new ScimFault(400, 'mutability', '"active" cannot be removed, but set')
  return after
}

function changedName(before: Entry, { op, place: { sub }, value }: Change): Entry | undefined {
  if (sub === undefined) return op === 'remove' ? undefined : { ...before, ...partsIn(value) }
  return { ...before, [sub]: op === 'remove' ? undefined : value }
}

function partsIn(value: unknown): Entry {
  const fields = lowered(value, 'name')
  const known = nameParts.map((part) => part.toLowerCase())
  return Object.fromEntries(Object.entries(fields).filter(([name]) => known.includes(name)))
}

/** Parts are read by their names in lower case: the last of two spellings would win. */
function lowered(value: unknown, what: string): Entry {
  return fieldsOf(value, `"${what}"`)
}

function changedEmails(before: readonly Entry[], { op, place, value }: Change): readonly Entry[] {
  const { within, sub } = place
  if (within === undefined) {
    if (sub !== undefined)
      throw new ScimFault(400, 'invalidPath', 'say which email address is meant')
    const given = entriesOf(listIn(value, 'emails', maxEmails))
    if (op === 'remove') return isNone(value) ? [] : before.filter((it) => !has(given, it))
    return op === 'replace'
      ? given
      : withPrimary(
          before.filter((it) => !has(given, it)),
          given,
        )
  }
  const fits = (entry: Entry): boolean => isEntry(entry, within)
  if (op === 'remove') {
    if (sub === undefined) return before.filter((it) => !fits(it))
    return before.map((it) => (fits(it) ? { ...it, [sub]: undefined } : it))
  }
  const fresh = sub === undefined ? lowered(value, 'emails') : { [sub]: value }
  if (before.some(fits)) return before.map((it) => (fits(it) ? { ...it, ...fresh } : it))
  // Entra ID sets the address of a type before there is one.
  const own = Object.fromEntries(within.map((condition) => [condition.attribute, condition.value]))
  return withPrimary(before, [{ ...own, ...fresh }])
}

function has(entries: readonly Entry[], { value }: Entry): boolean {
  return entries.some((it) => it['value'] === value)
}

/** RFC 7643 §2.4: there is one. */
function withPrimary(before: readonly Entry[], added: readonly Entry[]): readonly Entry[] {
  const isTaken = added.some(({ primary }) => primary === true)
  const others = isTaken ? before.map((it) => ({ ...it, primary: false })) : before
  return [...others, ...added]
}

/** A set of its own for one PATCH: each operation costs what it names, however many members there are. */
function changedMembers(before: unknown, { op, place, value }: Change): ReadonlySet<string> {
  const members: Set<string> =
    before instanceof Set ? before : new Set(entriesOf(before).map(memberIn))
  const { within, sub } = place
  if (sub !== undefined)
    throw new ScimFault(400, 'invalidPath', 'a member is added or removed whole')
  if (within !== undefined) {
    const [first, ...others] = within
    const isById = first?.attribute === 'value' && others.length === 0
    if (op !== 'remove' || !isById)
      throw new ScimFault(
        400,
        'invalidPath',
        'members are named by `members[value eq "ID"]`, and only to be removed',
      )
    if (typeof first.value === 'string') members.delete(first.value)
    return members
  }
  const given = entriesOf(value).map(memberIn)
  if (op === 'replace' || (op === 'remove' && isNone(value))) members.clear()
  for (const id of given) members.delete(id)
  if (op !== 'remove') for (const id of given) members.add(id)
  return members
}

/** `null` says as much as nothing (RFC 7643 §2.5). */
function isNone(value: unknown): boolean {
  return value === undefined || value === null
}

/** One alone counts as a list. */
function entriesOf(value: unknown): readonly Entry[] {
  if (isNone(value)) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.map((it) => (typeof it === 'string' ? { value: it } : lowered(it, 'an entry')))
}
