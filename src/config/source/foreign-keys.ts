import { show, unknownKey, valueAt } from '../../schema.ts'
import type { Path, YamlText } from '../../yaml-text.ts'
import type { Findings } from './findings.ts'
import { pomeriumKeys } from '../keys/pomerium-keys.ts'
import type { PomeriumKey } from '../keys/pomerium-keys.ts'

/**
 * Sorts the keys of a mapping that Postern does not read: unknown ones are problems, and of those
 * Pomerium knows, the ones that would guard something are problems and the others warnings.
 */
export function sortForeignKeys(
  text: YamlText,
  path: Path,
  where: PomeriumKey['where'],
  keys: { readonly known: readonly string[]; readonly elsewhere: readonly string[] },
  findings: Findings,
): void {
  const mapping = valueAt(text.value, path)
  if (typeof mapping !== 'object' || mapping === null) return
  const rows = pomeriumKeys.filter((row) => row.where === where)
  const foreign = Object.keys(mapping).filter((key) => !keys.known.includes(key))
  for (const key of foreign.filter((key) => !rows.some((row) => topOf(row) === key))) {
    const { message, hint: spelling } = unknownKey(path, key, keys.known)
    const hint = keys.elsewhere.includes(key) ? misplaced[where] : spelling
    findings.problems.push(text.problem([...path, key], message, { hint, at: 'key' }))
  }
  for (const row of rows) {
    const keyPath = row.key.split('.')
    const finding = judge(row, valueAt(mapping, keyPath))
    if (finding === undefined) continue
    const list = row.class === 'ignored' ? findings.warnings : findings.problems
    const { message, hint } = finding
    list.push(text.problem([...path, ...keyPath], message, { hint, at: 'key' }))
  }
}

const misplaced = {
  global: 'it is a key of a route',
  route: 'it is a key of the whole gateway, not of a route',
} as const

/** The refused keys that are set as environment variables: nobody may believe they are honoured. */
export function refuseForeignVariables(
  env: Readonly<Record<string, string | undefined>>,
  findings: Findings,
): void {
  for (const row of pomeriumKeys) {
    if (row.where !== 'global' || row.class !== 'refused') continue
    const name = row.key.replace('.', '_').toUpperCase()
    const value = env[name]
    const finding = value === '' ? undefined : judge(row, value)
    if (finding !== undefined) findings.problems.push({ source: name, path: '', ...finding })
  }
}

interface Finding {
  readonly message: string
  readonly hint?: string | undefined
}

function judge(row: PomeriumKey, value: unknown): Finding | undefined {
  if (value === undefined || value === null) return undefined
  if (row.class === 'ignored') return { message: `has no effect: ${row.why}` }
  if (row.unless === undefined) return { message: `is not honoured: ${row.why}` }
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

function topOf(row: PomeriumKey): string {
  return row.key.split('.', 1)[0] ?? ''
}
