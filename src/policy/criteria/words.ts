import type { RequestFacts, Subject } from '../facts.ts'
import { isObject } from '../place.ts'

/**
 * Of a list so many are named in a sentence; beyond, their number is.
 *
 * @limit values named in a sentence of a trace: the number of the others is told
 */
const maxNamed = 8

/**
 * Of a text so many characters are quoted in a sentence.
 *
 * @limit characters quoted in a sentence of a trace: the rest is cut off
 */
const maxQuoted = 100

/** Words about somebody, or that there is nobody to speak of. */
export function ofSubject(words: (subject: Subject) => string): (facts: RequestFacts) => string {
  return ({ subject }) => {
    if (subject === undefined) return 'nobody who is signed in'
    return subject.kind === 'person' ? words(subject) : `service account ${quoted(subject.userId)}`
  }
}

/** A value as it stands in a sentence. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return JSON.stringify(text.length <= maxQuoted ? text : `${text.slice(0, maxQuoted)}…`)
}

/** Several values: `"a", "b" and 3 more`; `none` of none. */
export function listed(values: readonly unknown[]): string {
  if (values.length === 0) return 'none'
  const named = values.slice(0, maxNamed).map(quoted).join(', ')
  return values.length <= maxNamed ? named : `${named} and ${values.length - maxNamed} more`
}

const operatorWords: Readonly<Record<string, string>> = {
  is: 'is',
  not: 'is not',
  contains: 'contains',
  starts_with: 'begins with',
  ends_with: 'ends with',
  in: 'is one of',
  not_in: 'is none of',
}

/** A noun that a string matcher describes: `an email address that ends with "@corp.example"`. */
export function matching(noun: string, data: unknown): string {
  if (!isObject(data)) return `${noun} that is ${quoted(data)}`
  const parts = Object.entries(data).map(
    ([operator, operand]) =>
      `${operatorWords[operator] ?? operator} ${Array.isArray(operand) ? listed(operand) : quoted(operand)}`,
  )
  return `${noun} that ${parts.join(' and ')}`
}

const listWords: Readonly<Record<string, string>> = {
  has: 'with',
  is: 'that are only',
  exclude: 'without',
}

/** Nouns that a string list matcher describes: `groups with "engineering"`. */
export function matchingList(nouns: string, data: unknown): string {
  if (!isObject(data)) return `${nouns} with ${quoted(data)}`
  const parts = Object.entries(data).map(
    ([operator, operand]) => `${listWords[operator] ?? operator} ${quoted(operand)}`,
  )
  return `${nouns} ${parts.join(' and ')}`
}

/** A window that is open from one end to the other, where one may be absent. */
export function between(data: unknown): string {
  const { after, before } = isObject(data) ? data : {}
  return [
    ...(after === undefined ? [] : [`from ${spelt(after)}`]),
    ...(before === undefined ? [] : [`until ${spelt(before)}`]),
  ].join(' ')
}

/** What a clock on the wall shows in a zone that a policy names. */
export function wallClock(
  nowMs: number,
  timeZone: unknown,
  form: Intl.DateTimeFormatOptions,
): string {
  return new Intl.DateTimeFormat('en-GB', { ...form, timeZone: String(timeZone) }).format(nowMs)
}

/** Text as it is, anything else as data. */
function spelt(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
