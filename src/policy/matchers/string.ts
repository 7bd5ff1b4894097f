import { kindOf, type Place } from '../place.ts'
import { type Matches, type ParseOperand, parseMatcher } from './matcher.ts'

/** What is done to both sides of a comparison before it. */
export type Fold = (text: string) => string

/**
 * Lower case, for email addresses and domains. The Kelvin sign stays as it is: it would become an
 * ASCII `k`, and an address spelt with it another person's.
 */
export const foldCase: Fold = (text) => text.replace(/[^\u212A]+/g, (part) => part.toLowerCase())

const asIs: Fold = (text) => text

/**
 * Parses a string matcher: a string (`is`), or an object of `is`, `not`, `contains`, `starts_with`,
 * `ends_with`, `in` and `not_in`, all of which must hold. `fold` is for values and whole texts,
 * `foldPart` for those that are only a part of one.
 */
export function parseStringMatcher(
  data: unknown,
  place: Place,
  fold: Fold = asIs,
  foldPart: Fold = fold,
): Matches<string> | undefined {
  if (Array.isArray(data)) {
    return place.problem('must be a string or an object, not a list', 'write {in: […]} for several')
  }
  const matches = parseMatcher(
    data,
    [
      ['is', oneText(fold, (value, text) => value === text, 'in')],
      ['not', oneText(fold, (value, text) => value !== text, 'not_in')],
      ['contains', oneText(foldPart, (value, text) => value.includes(text))],
      ['starts_with', oneText(foldPart, (value, text) => value.startsWith(text))],
      ['ends_with', oneText(foldPart, (value, text) => value.endsWith(text))],
      ['in', manyTexts(fold, (value, texts) => texts.has(value))],
      ['not_in', manyTexts(fold, (value, texts) => !texts.has(value))],
    ],
    place,
  )
  return matches && ((value) => matches(fold(value)))
}

function oneText(
  fold: Fold,
  compare: (value: string, text: string) => boolean,
  ofSeveral?: string,
): ParseOperand<string> {
  return (operand, place) => {
    if (Array.isArray(operand)) return refuseList(operand, place, ofSeveral)
    const text = parseText(operand, place)
    if (text === undefined) return undefined
    const folded = fold(text)
    return (value) => compare(value, folded)
  }
}

function refuseList(
  operand: readonly unknown[],
  place: Place,
  ofSeveral: string | undefined,
): undefined {
  const names = operand.length <= maxHinted && operand.every((item) => typeof item === 'string')
  const list = names ? JSON.stringify(operand).replaceAll('","', '", "') : '[…]'
  const hint = ofSeveral === undefined ? oneForEach : `write {${ofSeveral}: ${list}}`
  return place.problem('must be a string, not a list', hint)
}

/** What to do about a list where there is no operator for several. */
export const oneForEach = 'write one criterion for each value'

/** @limit none: a hint repeats a list of so many */
const maxHinted = 5

function manyTexts(
  fold: Fold,
  compare: (value: string, texts: ReadonlySet<string>) => boolean,
): ParseOperand<string> {
  return (operand, place) => {
    if (!Array.isArray(operand)) {
      return place.problem(`must be a list of strings, not ${kindOf(operand)}`)
    }
    // An empty `in` would silently never hold, an empty `not_in` always.
    if (operand.length === 0) return place.problem('must have at least one string')
    const texts = operand.map((item, index) => parseText(item, place.at(index)))
    if (!texts.every((text) => text !== undefined)) return undefined
    const folded = new Set(texts.map(fold))
    return (value) => compare(value, folded)
  }
}

/** An empty string is a fault: it is within every value, and equals what somebody does not have. */
function parseText(data: unknown, place: Place): string | undefined {
  if (typeof data === 'string' && data !== '') return data
  if (data === '') return place.problem('must not be empty')
  // YAML reads an unquoted 007 as the number 7, so a number is not what the operator typed.
  const hint = ['number', 'boolean'].includes(typeof data) ? 'put it in quotes' : undefined
  return place.problem(`must be a string, not ${kindOf(data)}`, hint)
}
