import type { LogFields } from '../log.ts'
import { excerpt, isSecretName, redactQuery } from './redact.ts'

/** One field of a log line: the table of fields is what the lines, the configuration and the docs go by. */
export interface Field<Line> {
  /** One sentence for the reference, Markdown. */
  readonly doc: string
  /** Whether it is there when the configuration selects no fields. */
  readonly byDefault: boolean
  /** Its value in a line; undefined leaves the field out of it. */
  read(line: Line): unknown
}

export type FieldTable<Line> = Readonly<Record<string, Field<Line>>>

/** Request headers as Node gives them: names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** A line that knows the headers of its request. */
export interface WithHeaders {
  readonly headers?: Headers | undefined
}

// A header name is a token: RFC 9110 §5.6.2.
const headerField = /^headers\.([!#$%&'*+.^_`|~\w-]+)$/

/**
 * Whether a configuration may select a field: one of the table, or `headers.NAME` for a request
 * header that never carries a secret.
 */
export function isField<Line>(table: FieldTable<Line>, name: string): boolean {
  const header = headerField.exec(name)?.[1]
  return header === undefined ? Object.hasOwn(table, name) : !isSecretName(header)
}

/** The names a line has when the configuration selects none, in order. */
export function defaultFields<Line>(table: FieldTable<Line>): readonly string[] {
  return Object.keys(table).filter((name) => table[name]?.byDefault === true)
}

/**
 * Makes the function that turns a line into its selected fields, in the order of `names`; undefined
 * selects the defaults. Throws a `RangeError` on a name that `isField` does not know.
 */
export function selectFields<Line extends WithHeaders>(
  table: FieldTable<Line>,
  names: readonly string[] = defaultFields(table),
): (line: Line) => LogFields {
  const readers = names.map((name) => [name, readerOf(table, name)] as const)
  return (line) => {
    const values = readers.map(([name, read]) => [name, read(line)] as const)
    return Object.fromEntries(values.filter(([, value]) => value !== undefined))
  }
}

/** The names, in lower case, of the request headers that a selection of fields shows. */
export function selectedHeaders(names: readonly string[] = []): readonly string[] {
  return names.flatMap((name) => headerField.exec(name)?.[1]?.toLowerCase() ?? [])
}

/**
 * Most characters of a header's text in a log line. A tunnel keeps them as long as it is open.
 *
 * @limit text of one header in a log line: it ends in `…`
 */
const maxHeaderChars = 1024

/** A header's text as a log line shows it, apart from the head that it came in. */
export function headerExcerpt(text: string): string {
  if (text.length <= maxHeaderChars) return text
  // A slice alone would keep the whole text in memory.
  return `${Buffer.from(text.slice(0, maxHeaderChars)).toString()}…`
}

/** A path without its query, which may carry a code or token. */
export function pathOnly(path: string): string {
  return path.split('?', 1)[0] ?? ''
}

/** The query of a path, without `?` and with secret parameters hidden. */
export function queryOf(path: string): string {
  const mark = path.indexOf('?')
  return mark === -1 ? '' : redactQuery(excerpt(path.slice(mark + 1)))
}

function readerOf<Line extends WithHeaders>(
  table: FieldTable<Line>,
  name: string,
): (line: Line) => unknown {
  if (!isField(table, name)) throw new RangeError(`unknown log field "${name}"`)
  const field = table[name]
  if (field !== undefined) return (line) => field.read(line)
  const header = name.slice('headers.'.length).toLowerCase()
  return ({ headers }) => headerExcerpt(String(headers?.[header] ?? ''))
}
