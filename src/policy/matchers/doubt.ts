import { isObject, type Place } from '../place.ts'
import type { Matches } from './matcher.ts'

/** What a text of a matcher is compared with: a whole value, or one end or any part of it. */
export type TextRole = 'whole' | 'start' | 'end' | 'part'

/** Why nothing there is could be that text, or have it there; undefined for what somebody may mean. */
export interface Doubt {
  readonly message: string
  readonly hint?: string | undefined
}

export type DoubtText = (text: string, role: TextRole) => Doubt | undefined

const roles: Readonly<Record<string, TextRole>> = {
  is: 'whole',
  not: 'whole',
  in: 'whole',
  not_in: 'whole',
  has: 'whole',
  exclude: 'whole',
  starts_with: 'start',
  ends_with: 'end',
  contains: 'part',
}

/**
 * Far longer than an address, a domain or an identifier can be; the cost of a look grows with its square.
 *
 * @limit none: what is longer is not warned of
 */
const maxTextChars = 1_000

/** Warns of the texts of a matcher without faults that nothing can match, each at its own place. */
export function warnOfTexts(data: unknown, place: Place, doubt: DoubtText): void {
  const look = (value: unknown, role: TextRole, at: Place): void => {
    const isShort = typeof value === 'string' && value.length <= maxTextChars
    const found = isShort ? doubt(value, role) : undefined
    if (found !== undefined) at.warn(found.message, found.hint)
  }
  if (!isObject(data)) return look(data, 'whole', place)
  for (const [name, operand] of Object.entries(data)) {
    const role = roles[name]
    if (role === undefined) continue
    if (!Array.isArray(operand)) look(operand, role, place.at(name))
    else for (const [index, item] of operand.entries()) look(item, role, place.at(name, index))
  }
}

/** Warns of a string matcher whose operators nothing satisfies together: what `is` or `in` names is out by the others. */
export function warnOfContradiction(data: unknown, place: Place, matches: Matches<string>): void {
  const { is, in: several } = isObject(data) ? data : {}
  const candidates: readonly unknown[] = is === undefined ? asList(several) : [is]
  if (candidates.length === 0 || candidates.some((text) => matches(String(text)))) return
  place.warn(`${neverHolds}: nothing that "${is === undefined ? 'in' : 'is'}" names fits the rest`)
}

/** The same of a string list matcher, where `is` or `has` names what must be there. */
export function warnOfListContradiction(
  data: unknown,
  place: Place,
  matches: Matches<readonly string[]>,
): void {
  const { is, has } = isObject(data) ? data : {}
  const named = is ?? has
  if (!isScalar(named) || matches([String(named)])) return
  place.warn(`${neverHolds}: what "${is === undefined ? 'has' : 'is'}" names does not fit the rest`)
}

const neverHolds = 'can never hold'

/** What the first of several has against a text. */
export function firstDoubt(doubts: readonly DoubtText[]): DoubtText {
  return (text, role) => {
    for (const doubt of doubts) {
      const found = doubt(text, role)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** `"ann" can never match: an email address has an "@"` */
export function never(text: string, why: string, hint?: string): Doubt {
  return { message: `${shown(text)} can never match: ${why}`, hint }
}

/** Every character counts in a comparison, so that blanks at an end and what nobody sees are hardly meant. */
export function doubtUnseen(text: string): Doubt | undefined {
  const seen = text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
  const what = seen === text ? 'a blank at its end' : 'a character that nobody sees'
  const meant = seen.trim()
  if (meant === text) return undefined
  const hint = meant === '' ? undefined : `write ${JSON.stringify(meant)}`
  return { message: `${shown(text)} has ${what}, which is compared too`, hint }
}

/** @limit none: of how long a text so much is shown in a warning */
const maxShownChars = 80

/** A text as it stands in a message. */
export function shown(text: string): string {
  return JSON.stringify(text.length <= maxShownChars ? text : `${text.slice(0, maxShownChars)}…`)
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
