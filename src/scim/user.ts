import { invalidValue } from './fault.ts'
import { fieldsOf, flagIn, listIn, textIn } from './plain.ts'

/** Somebody, as whoever provisions them has written it (RFC 7643 §4.1). What is not here is taken and not kept. */
export interface ScimUser {
  readonly userName: string
  readonly externalId?: string
  readonly active: boolean
  readonly displayName?: string
  readonly name?: Readonly<Partial<Record<NamePart, string>>>
  readonly emails: readonly ScimEmail[]
}

export interface ScimEmail {
  readonly value: string
  readonly type?: string
  readonly primary?: boolean
}

export const nameParts = ['formatted', 'givenName', 'familyName', 'middleName'] as const
export type NamePart = (typeof nameParts)[number]

/** @limit none: as long as an email address may be (RFC 5321 §4.5.3.1); what is longer is refused with its name */
export const maxNameLength = 320
/** @limit none: email addresses of one provisioned user; what is beyond is refused with its name */
export const maxEmails = 20

/** Reads a user. Throws `ScimFault` `invalidValue`, `invalidSyntax`. */
export function readUser(plain: unknown): ScimUser {
  const fields = fieldsOf(plain, 'a user')
  const text = (name: string) => textIn(fields[name.toLowerCase()], name, maxNameLength)
  const userName = text('userName')
  if (userName === undefined) throw invalidValue('"userName" is required')
  const [externalId, displayName] = [text('externalId'), text('displayName')]
  const name = readName(fields['name'])
  return {
    userName,
    ...(externalId !== undefined && { externalId }),
    active: flagIn(fields['active'], 'active') ?? true,
    ...(displayName !== undefined && { displayName }),
    ...(name !== undefined && { name }),
    emails: listIn(fields['emails'], 'emails', maxEmails).flatMap(readEmail),
  }
}

function readName(plain: unknown): ScimUser['name'] {
  if (plain === undefined || plain === null) return undefined
  const fields = fieldsOf(plain, '"name"')
  const parts = nameParts.flatMap((part) => {
    const text = textIn(fields[part.toLowerCase()], `name.${part}`, maxNameLength)
    return text === undefined ? [] : [[part, text] as const]
  })
  return parts.length === 0 ? undefined : Object.fromEntries(parts)
}

function readEmail(plain: unknown): readonly ScimEmail[] {
  const fields = typeof plain === 'string' ? { value: plain } : fieldsOf(plain, 'an email address')
  const value = textIn(fields['value'], 'emails.value', maxNameLength)
  const type = textIn(fields['type'], 'emails.type', maxNameLength)
  const primary = flagIn(fields['primary'], 'emails.primary')
  if (value === undefined) return []
  return [{ value, ...(type !== undefined && { type }), ...(primary !== undefined && { primary }) }]
}

/** All the addresses by which somebody is known. */
export function addressesOf({ userName, emails }: ScimUser): readonly string[] {
  return [userName, ...emails.map(({ value }) => value)].filter((it) => it.includes('@'))
}
