import type { Problem } from './errors.ts'
import { sortForeignKeys, type ForeignKey } from './foreign-keys.ts'
import { checkAt, mustBe, valueAt } from './schema.ts'
import type { Key, ValuesOf } from './setting-key.ts'
import type { Path, YamlText } from './yaml-text.ts'

/** What a mapping of a file says, and what is wrong with it. */
export interface KeysRead<Keys extends Record<string, Key<unknown>>> {
  /** What was given and is right. */
  readonly values: ValuesOf<Keys>
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** Reads the mapping at a path by a table of its keys; nothing there is an empty one. */
export function readKeys<Keys extends Record<string, Key<unknown>>>(
  text: YamlText,
  path: Path,
  keys: Keys,
  foreign: readonly ForeignKey[],
): KeysRead<Keys> {
  const mapping = valueAt(text.value, path)
  if (mapping === undefined || mapping === null) return { values: {}, problems: [], warnings: [] }
  if (typeof mapping !== 'object' || Array.isArray(mapping)) {
    const problem = text.problem(path, mustBe('a mapping of keys to values', mapping))
    return { values: {}, problems: [problem], warnings: [] }
  }
  const { faults, warnings } = sortForeignKeys(mapping, { known: Object.keys(keys), foreign })
  const at = ({ path: within, message, hint, at: where }: (typeof faults)[number]): Problem =>
    text.problem([...path, ...within], message, { hint, at: where })
  const values: Record<string, unknown> = {}
  const problems = faults.map(at)
  for (const [name, { schema }] of Object.entries(keys)) {
    if (!Object.hasOwn(mapping, name)) continue
    const checked = checkAt(text, [...path, name], schema)
    if (checked.ok) values[name] = checked.value
    else problems.push(...checked.problems)
  }
  return { values: values as ValuesOf<Keys>, problems, warnings: warnings.map(at) }
}
