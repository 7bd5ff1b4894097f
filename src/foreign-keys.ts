import { show, unknownKey, valueAt, type ValueFault } from './schema.ts'

/** A key that another product knows, whose files are read here, and that we have no use for. */
export interface ForeignKey {
  /** `a.b` for the key `b` inside of `a`. */
  readonly key: string
  /**
   * - `ignored`: means nothing here, or names something we do otherwise: loads with a warning
   * - `refused`: restricts access, names who somebody is, or guards a secret: does not load, since
   *   a gateway without it would let in whom its owner shuts out
   */
  readonly class: 'ignored' | 'refused'
  readonly why: string
  /** The value that says what we do anyway: with it, a refused key is accepted in silence. */
  readonly unless?: string | boolean
}

/** Which keys of a mapping are read, and what is said of the others. */
export interface KnownKeys {
  readonly known: readonly string[]
  readonly foreign: readonly ForeignKey[]
  /** Keys that have another place in the same file, and the hint for those who put them here. */
  readonly elsewhere?: { readonly keys: readonly string[]; readonly hint: string } | undefined
}

/**
 * Sorts the keys of a mapping that are not read: unknown ones are faults, and of the foreign ones
 * those that would guard something are faults and the others warnings.
 */
export function sortForeignKeys(
  mapping: object,
  { known, foreign, elsewhere }: KnownKeys,
): { readonly faults: readonly ValueFault[]; readonly warnings: readonly ValueFault[] } {
  const faults: ValueFault[] = []
  const warnings: ValueFault[] = []
  const unread = Object.keys(mapping).filter((key) => !known.includes(key))
  for (const key of unread.filter((key) => !foreign.some((row) => topOf(row) === key))) {
    const fault = unknownKey([], key, known)
    const isElsewhere = elsewhere?.keys.includes(key) === true
    faults.push(isElsewhere ? { ...fault, hint: elsewhere.hint } : fault)
  }
  for (const row of foreign) {
    const path = row.key.split('.')
    const judged = judgeForeignKey(row, valueAt(mapping, path))
    if (judged === undefined) continue
    const list = row.class === 'ignored' ? warnings : faults
    list.push({ path, message: judged.message, hint: judged.hint, at: 'key' })
  }
  return { faults, warnings }
}

/** What there is to say of a foreign key with this value; undefined for nothing. */
export function judgeForeignKey(
  row: ForeignKey,
  value: unknown,
): Pick<ValueFault, 'message' | 'hint'> | undefined {
  if (value === undefined || value === null) return undefined
  if (row.class === 'ignored') return { message: `has no effect: ${row.why}`, hint: undefined }
  if (row.unless === undefined) return { message: `is not honoured: ${row.why}`, hint: undefined }
  if (plain(value) === plain(row.unless)) return undefined
  return {
    message: `is not honoured: ${row.why}`,
    hint: `leave it out, or write ${show(row.unless)}`,
  }
}

/** A variable says "true" where a file says true. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : show(value)
}

function topOf(row: ForeignKey): string {
  return row.key.split('.', 1)[0] ?? ''
}
