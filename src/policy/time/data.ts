import { didYouMean } from '../../spelling.ts'
import { isObject, kindOf, oneOf, type Place } from '../place.ts'
import { parseZone, type Zone } from './zone.ts'

/** An object with some of these keys and no other; undefined after noting what is wrong. */
export function parseFields<Name extends string>(
  data: unknown,
  names: readonly Name[],
  place: Place,
): Readonly<Partial<Record<Name, unknown>>> | undefined {
  if (!isObject(data)) {
    return place.problem(`must be an object with ${oneOf(names)}, not ${kindOf(data)}`)
  }
  const unknown = Object.keys(data).filter((key) => !names.some((name) => name === key))
  for (const key of unknown) {
    const message = `unknown key "${key}", expected ${oneOf(names)}`
    place.at(key).problem(message, didYouMean(key, names))
  }
  return unknown.length === 0 ? (data as Partial<Record<Name, unknown>>) : undefined
}

/** A time zone's name; undefined after noting what is wrong. */
export function parseTimezone(data: unknown, place: Place): Zone | undefined {
  const expected = 'must be a time zone such as "Europe/Berlin" or "UTC"'
  if (typeof data !== 'string') return place.problem(`${expected}, not ${kindOf(data)}`)
  return parseZone(data) ?? place.problem(`${expected}, not "${data}"`)
}

/** One end of a window in time: absent, a number of milliseconds, or at fault (and noted). */
export type Bound = number | 'absent' | 'faulty'

/** Reads one end of a window with `parse`; `expected` says what it must be. */
export function parseBound(
  data: unknown,
  parse: (text: string) => number | undefined,
  expected: string,
  place: Place,
): Bound {
  if (data === undefined) return 'absent'
  const bound = typeof data === 'string' ? parse(data) : undefined
  if (bound !== undefined) return bound
  const found = typeof data === 'string' ? `"${data}"` : kindOf(data)
  place.problem(`must be ${expected}, not ${found}`)
  return 'faulty'
}
