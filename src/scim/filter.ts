import { ScimFault } from './fault.ts'

/** One comparison. Names of attributes are in lower case. */
export interface Condition {
  /** Such as `username` or `emails.value`. */
  readonly attribute: string
  readonly value: string | boolean
  /** What else holds of the same entry of a list, as in `emails[type eq "work"].value`. */
  readonly within: readonly Condition[]
}

/** Where a change is made (RFC 7644 §3.5.2). */
export interface AttributePath {
  readonly attribute: string
  /** Which entries of a list; undefined for all. */
  readonly within: readonly Condition[] | undefined
  readonly sub: string | undefined
}

/** @limit filter and path of a SCIM request, in characters: 400 `invalidFilter` or `invalidPath` */
const maxTextLength = 1_000
/** @limit comparisons in the filter of a SCIM request: 400 `invalidFilter` */
const maxConditions = 10

/** A schema before the name of an attribute says nothing more. */
const schemaPrefix = /^urn:ietf:params:scim:schemas:core:2\.0:(?:user|group):/i

/**
 * Reads a filter of comparisons for equality that all hold (RFC 7644 §3.4.2.2): what Entra ID and Okta ask by. Throws
 * `ScimFault` `invalidFilter` for every other.
 */
export function parseFilter(text: string): readonly Condition[] {
  if (text.length > maxTextLength) throw invalidFilter('it is too long')
  const reader = createReader(text)
  const conditions = readConditions(reader)
  if (!reader.isAtEnd()) throw invalidFilter(`"${reader.rest()}" is not understood`)
  return conditions
}

/** Reads the path of a change; throws `ScimFault` `invalidPath`. */
export function parsePath(text: string): AttributePath {
  const reader = createReader(text)
  try {
    if (text.length > maxTextLength) throw invalidFilter('it is too long')
    const path = readPath(reader)
    if (!reader.isAtEnd()) throw invalidFilter('it goes on behind its end')
    return path
  } catch (error) {
    if (!(error instanceof ScimFault)) throw error
    throw new ScimFault(400, 'invalidPath', `the path is not understood: ${error.message}`)
  }
}

type Reader = ReturnType<typeof createReader>

function createReader(text: string) {
  let at = 0
  return {
    /** What fits here, which is read then. */
    take(pattern: RegExp): string | undefined {
      const found = new RegExp(pattern.source, 'iy')
      found.lastIndex = at
      const [whole] = found.exec(text) ?? []
      at += whole?.length ?? 0
      return whole
    },
    isAtEnd: () => at >= text.trimEnd().length,
    rest: () => text.slice(at, at + 40),
  }
}

function readConditions(reader: Reader): readonly Condition[] {
  const conditions: Condition[] = []
  do {
    if (conditions.length >= maxConditions) throw invalidFilter('it has too many comparisons')
    conditions.push(readCondition(reader))
  } while (reader.take(/ +and +/) !== undefined)
  return conditions
}

function readCondition(reader: Reader): Condition {
  const { attribute, within = [], sub } = readPath(reader)
  const name = sub === undefined ? attribute : `${attribute}.${sub}`
  if (reader.take(/ +eq +/) !== undefined)
    return { attribute: name, value: readValue(reader), within }
  // `members[value eq "…"]`
  const [only, ...others] = within
  if (only !== undefined && others.length === 0 && sub === undefined)
    return { ...only, attribute: `${attribute}.${only.attribute}` }
  throw invalidFilter('comparisons by "eq", joined by "and", are understood here')
}

function readPath(reader: Reader): AttributePath {
  reader.take(/ +/)
  const written = reader.take(/(?:urn:[\w.:-]+:)?[a-z$][\w$-]*/)
  if (written === undefined) throw invalidFilter(`"${reader.rest()}" is no attribute`)
  const attribute = written.replace(schemaPrefix, '').toLowerCase()
  const within = reader.take(/\[/) === undefined ? undefined : readConditions(reader)
  if (within !== undefined && reader.take(/ *\]/) === undefined)
    throw invalidFilter('a bracket is not closed')
  const sub = reader
    .take(/\.[a-z$][\w$-]*/)
    ?.slice(1)
    .toLowerCase()
  return { attribute, within, sub }
}

function readValue(reader: Reader): string | boolean {
  const text = reader.take(/"(?:[^"\\]|\\.)*"/)
  const flag = text === undefined ? reader.take(/true|false/)?.toLowerCase() : undefined
  if (flag !== undefined) return flag === 'true'
  try {
    return JSON.parse(text ?? '') as string
  } catch {
    throw invalidFilter('a value must be text in quotes, true or false')
  }
}

function invalidFilter(message: string): ScimFault {
  return new ScimFault(400, 'invalidFilter', message)
}
