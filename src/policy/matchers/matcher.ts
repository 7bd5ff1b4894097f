import { didYouMean } from '../../spelling.ts'
import { isObject, oneOf, type Place } from '../place.ts'

/** Whether a value of a request is one that the policy means. */
export type Matches<Value> = (value: Value) => boolean

/** Reads one operator's operand, or notes what is wrong with it. */
export type ParseOperand<Value> = (operand: unknown, place: Place) => Matches<Value> | undefined

/**
 * Parses a matcher: an object of operators, all of which must hold, or a scalar that stands for the
 * first operator. An empty object would match everything, so it is a fault.
 */
export function parseMatcher<Value>(
  data: unknown,
  operators: readonly (readonly [name: string, parse: ParseOperand<Value>])[],
  place: Place,
): Matches<Value> | undefined {
  const names = operators.map(([name]) => name)
  const entries = isObject(data) ? Object.entries(data) : undefined
  if (entries === undefined) return operators[0]?.[1](data, place)
  if (entries.length === 0) return place.problem(`must have at least one of ${oneOf(names)}`)
  const parts = entries.map(([name, operand]) => {
    const parse = new Map(operators).get(name)
    if (parse !== undefined) return parse(operand, place.at(name))
    const message = `unknown matcher "${name}", expected ${oneOf(names)}`
    return place.at(name).problem(message, didYouMean(name, names))
  })
  if (!parts.every((part) => part !== undefined)) return undefined
  return (value) => parts.every((matches) => matches(value))
}
