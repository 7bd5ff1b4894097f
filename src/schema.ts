import { z } from 'zod'
import { ConfigError } from './errors.ts'
import type { Problem } from './errors.ts'
import { didYouMean } from './spelling.ts'
import { parseYaml } from './yaml-text.ts'
import type { Path, YamlText } from './yaml-text.ts'

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** What is wrong with one text: the message says what was expected. */
export interface Fault {
  readonly fault: string
  readonly hint?: string | undefined
}

/**
 * Reads a YAML or JSON text against a schema.
 *
 * @throws {ConfigError} with every problem of the text, each at its line and column.
 */
export function readDocument<T>(source: string, text: string, schema: z.ZodType<T>): T {
  const checked = checkAt(parseYaml(source, text), [], schema)
  if (!checked.ok) throw new ConfigError(checked.problems)
  return checked.value
}

/** Checks what stands at a path of a text; each problem points at its own place in it. */
export function checkAt<T>(text: YamlText, path: Path, schema: z.ZodType<T>): Checked<T> {
  const result = checkValue(valueAt(text.value, path), schema)
  if (result.ok) return result
  const problems = result.faults.map(({ path: within, message, hint, at }) =>
    text.problem([...path, ...within], message, { hint, at }),
  )
  return { ok: false, problems }
}

/** A fault of a value, at a path within it. */
export interface ValueFault {
  readonly path: Path
  readonly message: string
  readonly hint: string | undefined
  readonly at: 'key' | 'value'
}

/** Checks a value that stands in no text, such as one of an environment variable. */
export function checkValue<T>(
  value: unknown,
  schema: z.ZodType<T>,
):
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly ValueFault[] } {
  // Our words, not the library's; a schema's own `error` comes before this one.
  const result = schema.safeParse(value, { error: messageOfIssue, reportInput: true })
  if (result.success) return { ok: true, value: result.data }
  return { ok: false, faults: result.error.issues.flatMap((issue) => faultsOf(issue, schema)) }
}

/** The value a path leads to; undefined when there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let found = value
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined
    found = Reflect.get(found, step)
  }
  return found
}

/** An unknown key as a fault at the key, with the known one it looks like. */
export function unknownKey(parent: Path, key: string, known: Iterable<string>): ValueFault {
  return {
    path: [...parent, key],
    message: 'unknown key',
    hint: didYouMean(key, known),
    at: 'key',
  }
}

/**
 * A value written as text. `parse` answers undefined, for the fault `must be <expected>, not <text>`,
 * or a `Fault` with words of its own. `hintOf`: how a text that is at fault is meant.
 */
export function textOf<T>(
  expected: string,
  parse: (text: string) => T,
  hintOf: (text: string) => string | undefined = () => undefined,
): z.ZodType<Exclude<T, Fault | undefined>> {
  return z.unknown().transform((input, context) => {
    const parsed = typeof input === 'string' ? parse(input) : undefined
    if (parsed !== undefined && !isFault(parsed)) return parsed as Exclude<T, Fault | undefined>
    const fault = isFault(parsed) ? parsed : unreadable(expected, input, { parse, hintOf })
    context.addIssue({ code: 'custom', message: fault.fault, params: { hint: fault.hint } })
    return z.NEVER
  })
}

/** YAML reads `name: 12` as a number: then quotes are all that is missing. */
function unreadable(
  expected: string,
  input: unknown,
  {
    parse,
    hintOf,
  }: { parse: (text: string) => unknown; hintOf: (text: string) => string | undefined },
): Fault {
  const isBare = typeof input === 'number' || typeof input === 'boolean'
  const read = isBare ? parse(String(input)) : undefined
  const isQuoteMissing = read !== undefined && !isFault(read)
  const isText = isBare || typeof input === 'string'
  const meant = isText ? hintOf(String(input)) : undefined
  const hint = isQuoteMissing ? `write "${show(input)}", in quotes` : meant
  return { fault: mustBe(expected, input), hint }
}

/** A value written as text that must never be shown: messages do not repeat it. */
export function secretTextOf<T>(
  expected: string,
  parse: (text: string) => T,
): z.ZodType<Exclude<T, undefined>> {
  return z.unknown().transform((input, context) => {
    const parsed = typeof input === 'string' ? parse(input) : undefined
    if (parsed !== undefined) return parsed as Exclude<T, undefined>
    const message = input === undefined ? mustBe(expected, input) : `must be ${expected}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

/** `must be a duration such as 15m, not 900`. */
export function mustBe(expected: string, input: unknown): string {
  if (input === undefined) return `is required: ${expected}`
  const empty = input === null || input === ''
  return `must be ${expected}, ${empty ? 'but it is empty' : `not ${show(input)}`}`
}

/** @limit none: what a message repeats */
const maxShownChars = 60

/** A value as it stands in a message: short, and on one line. */
export function show(input: unknown): string {
  if (typeof input === 'string') {
    const shown = JSON.stringify(input)
    return shown.length <= maxShownChars ? shown : `${shown.slice(0, maxShownChars)}…"`
  }
  if (Array.isArray(input)) return 'a list'
  return typeof input === 'number' || typeof input === 'boolean' ? String(input) : 'a mapping'
}

function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'fault' in value
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
}

function messageOfIssue(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return mustBe(typeWords[issue.expected] ?? issue.expected, issue.input)
    case 'invalid_value':
      return mustBe(oneOf(issue.values.map(show)), issue.input)
    case 'too_small':
      return issue.minimum === 1 && issue.origin !== 'number'
        ? 'must not be empty'
        : mustBe(`at least ${issue.minimum}`, issue.input)
    case 'too_big':
      return tooBig(issue.maximum, issue.input)
    case 'custom':
      return issue.message ?? 'is not valid'
    default:
      return mustBe('valid here', issue.input)
  }
}

/** What is too long is not repeated: it may be a key. */
function tooBig(maximum: number | bigint, input: unknown): string {
  if (typeof input === 'string') return `must be at most ${maximum} characters, not ${input.length}`
  if (Array.isArray(input)) return `must have at most ${maximum} entries, not ${input.length}`
  return mustBe(`at most ${maximum}`, input)
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? (words[0] ?? '') : `one of ${words.join(', ')}`
}

/**
 * Unknown keys of one mapping that are compared with the known ones: a file may have a million of them.
 *
 * @limit none: of how many keys a likely one is named
 */
const maxHints = 20

function faultsOf(issue: z.core.$ZodIssue, schema: z.ZodType): readonly ValueFault[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path)
    return issue.keys.map((key, index) => unknownKey(path, key, index < maxHints ? known : []))
  }
  return [{ path, message: issue.message, hint: hintOf(issue), at: 'value' }]
}

function hintOf(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
    return didYouMean(issue.input, issue.values.map(String))
  }
  const hint: unknown = issue.code === 'custom' ? issue.params?.['hint'] : undefined
  return typeof hint === 'string' ? hint : undefined
}

/** The keys that the object schema at a path knows. */
function keysAt(schema: unknown, path: Path): readonly string[] {
  const at = unwrap(schema)
  const [first, ...rest] = path
  if (first === undefined) return at instanceof z.ZodObject ? Object.keys(at.shape) : []
  if (at instanceof z.ZodArray) return keysAt(at.element, rest)
  if (at instanceof z.ZodRecord) return keysAt(at.valueType, rest)
  return at instanceof z.ZodObject ? keysAt(at.shape[first], rest) : []
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return unwrap(schema.unwrap())
  if (schema instanceof z.ZodPipe) return unwrap(schema.in)
  return schema
}
