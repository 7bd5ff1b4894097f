import { invalidValue } from './fault.ts'
import { fieldsOf, listIn, textIn } from './plain.ts'
import { maxNameLength } from './user.ts'

/** Some people, as whoever provisions them has written it (RFC 7643 §4.2). */
export interface ScimGroup {
  /** By which policies name it. */
  readonly displayName: string
  readonly externalId?: string
  /** Ids of users, each once. Some may have been deleted since. */
  readonly members: readonly string[]
}

/** @limit members of a group that is provisioned by SCIM: 400 `invalidValue` */
export const maxMembers = 10_000

/** Reads a group. Throws `ScimFault` `invalidValue`, `invalidSyntax`. */
export function readGroup(plain: unknown): ScimGroup {
  const fields = fieldsOf(plain, 'a group')
  const text = (name: string) => textIn(fields[name.toLowerCase()], name, maxNameLength)
  const [displayName, externalId] = [text('displayName'), text('externalId')]
  if (displayName === undefined) throw invalidValue('"displayName" is required')
  const members = listIn(fields['members'], 'members', maxMembers).map(memberIn)
  return {
    displayName,
    ...(externalId !== undefined && { externalId }),
    members: [...new Set(members)],
  }
}

/** The id in one entry of `members`. */
export function memberIn(plain: unknown): string {
  const value = typeof plain === 'string' ? plain : fieldsOf(plain, 'a member')['value']
  const id = textIn(value, 'members.value', maxNameLength)
  if (id === undefined) throw invalidValue('a member has no "value"')
  return id
}
