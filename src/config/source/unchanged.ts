import { createHash } from 'node:crypto'

/** What values were made of, by the value, so that it goes when that does. */
const origins = new WeakMap<object, string>()

/** Tells apart what values are made of: everything that their meaning depends on. A hash: there may be secrets in it. */
export function originOf(...parts: readonly string[]): string {
  const origin = createHash('sha256')
  for (const part of parts) origin.update(`${part.length}:`).update(part)
  return origin.digest('hex')
}

/** Notes what a value was made of. */
export function madeOf<Value extends object>(value: Value, origin: string): Value {
  origins.set(value, origin)
  return value
}

/** The value that holds now, where the same one would be made again. */
export function unchanged<Value extends object>(
  value: Value | undefined,
  origin: string,
): Value | undefined {
  return value !== undefined && origins.get(value) === origin ? value : undefined
}
