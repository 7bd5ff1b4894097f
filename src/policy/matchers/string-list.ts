import { kindOf, type Place } from '../place.ts'
import { type Matches, type ParseOperand, parseMatcher } from './matcher.ts'
import { oneForEach, type Fold } from './string.ts'

/**
 * Parses a string list matcher: a scalar (`has`), or an object of `has` (some element equals), `is`
 * (the one element equals) and `exclude` (no element equals), all of which must hold.
 */
export function parseStringListMatcher(
  data: unknown,
  place: Place,
  fold: Fold = (text) => text,
): Matches<readonly string[]> | undefined {
  if (Array.isArray(data)) {
    return place.problem('must be a string or an object, not a list', oneForEach)
  }
  const matches = parseMatcher(
    data,
    [
      ['has', oneScalar(fold, (values, text) => values.includes(text))],
      ['is', oneScalar(fold, (values, text) => values.length === 1 && values[0] === text)],
      ['exclude', oneScalar(fold, (values, text) => !values.includes(text))],
    ],
    place,
  )
  return matches && ((values) => matches(values.map(fold)))
}

function oneScalar(
  fold: Fold,
  compare: (values: readonly string[], text: string) => boolean,
): ParseOperand<readonly string[]> {
  return (operand, place) => {
    const text = parseScalar(operand, place)
    if (text === undefined) return undefined
    const folded = fold(text)
    return (values) => compare(values, folded)
  }
}

/** Claims may be numbers and booleans, and compare as strings. */
function parseScalar(data: unknown, place: Place): string | undefined {
  if (data === '') return place.problem('must not be empty')
  if (typeof data === 'string' || typeof data === 'boolean') return String(data)
  if (typeof data !== 'number') {
    const hint = Array.isArray(data) ? oneForEach : undefined
    return place.problem(`must be a string, number or boolean, not ${kindOf(data)}`, hint)
  }
  // Beyond this a number is no longer the one that was written.
  if (Math.abs(data) <= Number.MAX_SAFE_INTEGER) return String(data)
  return place.problem('must be a number that is exact', 'put it in quotes')
}
