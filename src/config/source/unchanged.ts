import { hash } from 'node:crypto'

/** What values were made of. It goes with the value, and is a hash, since there may be secrets in it. */
const origins = new WeakMap<object, string>()

/** Notes what a value was made of: everything that its meaning depends on, as JSON tells it. */
export function madeOf<Value extends object>(value: Value, content: unknown): Value {
  origins.set(value, originOf(content))
  return value
}

/** The value that holds now, where the same one would be made again. */
export function unchanged<Value extends object>(
  value: Value | undefined,
  content: unknown,
): Value | undefined {
  return value !== undefined && origins.get(value) === originOf(content) ? value : undefined
}

function originOf(content: unknown): string {
  return hash('sha256', JSON.stringify(content))
}
