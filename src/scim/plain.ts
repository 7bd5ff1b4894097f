import { invalidSyntax, invalidValue } from './fault.ts'

/** What was sent, as JSON has it; names of attributes in lower case, since SCIM tells no case apart in them (RFC 7643 §2.1). */
export type Fields = Readonly<Record<string, unknown>>

/** The attributes of an object. Throws `ScimFault` for what is none. */
export function fieldsOf(value: unknown, what: string): Fields {
  if (!isObject(value)) throw invalidSyntax(`${what} must be an object`)
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name.toLowerCase(), it]))
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text of at most so many UTF-16 code units; undefined for none, and for an empty one. */
export function textIn(value: unknown, what: string, maxLength: number): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw invalidValue(`"${what}" must be text`)
  if (value.length > maxLength)
    throw invalidValue(`"${what}" has more than ${maxLength} characters`)
  return value
}

/** Some write `"False"` for it. */
export function flagIn(value: unknown, what: string): boolean | undefined {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? undefined
  const text = typeof value === 'string' ? value.toLowerCase() : ''
  if (text !== 'true' && text !== 'false') throw invalidValue(`"${what}" must be true or false`)
  return text === 'true'
}

/** A list of at most so many; one alone counts as such. */
export function listIn(value: unknown, what: string, maxLength: number): readonly unknown[] {
  if (value === undefined || value === null) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length > maxLength) throw invalidValue(`"${what}" has more than ${maxLength} entries`)
  return list
}
