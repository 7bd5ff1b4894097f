import { ConfigError, type Problem } from '../errors.ts'
import { isObject } from '../policy/place.ts'
import { mustBe, show } from '../schema.ts'
import { parseYamlInTurns, type Path, type YamlText } from '../yaml-text.ts'
import { idKeyOf, type Definition } from './document-form.ts'
import type { DocumentKind } from './document.ts'
import { documentLimits } from './limits.ts'
import { idHint, newIdOf } from './new-id.ts'
import type { Proposal } from './plan-writes.ts'

/** The routes and policies of a text, and what of it is not read. */
export interface AccessText {
  readonly proposals: readonly (Proposal & {
    readonly id: string
    readonly definition: Definition
  })[]
  /** Those of which it has a list: of others it says nothing, not even that there are none. */
  readonly kinds: ReadonlySet<DocumentKind>
  readonly warnings: readonly Problem[]
}

const lists = { policies: 'policy', routes: 'route' } as const satisfies Record<
  string,
  DocumentKind
>

/**
 * Reads a YAML or JSON text with `policies` and `routes`, as a configuration file has them.
 *
 * @throws ConfigError with every fault of the text, and of what has no id or has that of another one in it
 */
export async function readAccessText(source: string, text: string): Promise<AccessText> {
  const yaml = await parseYamlInTurns(source, text)
  const { value } = yaml
  if (!isObject(value)) {
    const message = mustBe('a mapping with "routes" or "policies"', value)
    throw new ConfigError([yaml.problem([], message)])
  }
  const problems: Problem[] = []
  const warnings = Object.keys(value)
    .filter((key) => !Object.hasOwn(lists, key))
    .map((key) =>
      yaml.problem([key], 'is not applied: only "routes" and "policies" are', { at: 'key' }),
    )
  const proposals = Object.entries(lists).flatMap(([key, kind]) =>
    readList(kind, [key], yaml, problems),
  )
  if (proposals.length > documentLimits.maxDocuments) {
    const message = `holds ${proposals.length} routes and policies: ${documentLimits.maxDocuments} can be kept`
    throw new ConfigError([yaml.problem([], message)])
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const listed = Object.entries(lists).filter(([key]) => Array.isArray(value[key]))
  return { proposals, warnings, kinds: new Set(listed.map(([, kind]) => kind)) }
}

type ReadProposal = AccessText['proposals'][number]

function readList(
  kind: DocumentKind,
  path: readonly [string],
  yaml: YamlText,
  problems: Problem[],
): readonly ReadProposal[] {
  const list = isObject(yaml.value) ? yaml.value[path[0]] : undefined
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) {
    problems.push(yaml.problem(path, mustBe('a list', list)))
    return []
  }
  const read = new Map<string, ReadProposal>()
  for (const [index, item] of list.entries()) {
    const one = readItem(kind, [...path, index], item, yaml, problems)
    if (one === undefined) continue
    if (read.has(one.id)) {
      const message = `${show(one.id)} is already the ${idKeyOf(kind)} of another one here`
      const hint = `give each a "${idKeyOf(kind)}" of its own`
      problems.push(yaml.problem([...path, index, idKeyOf(kind)], message, { hint }))
    } else read.set(one.id, one)
  }
  return [...read.values()]
}

function readItem(
  kind: DocumentKind,
  path: Path,
  item: unknown,
  yaml: YamlText,
  problems: Problem[],
): ReadProposal | undefined {
  if (!isObject(item)) {
    problems.push(yaml.problem(path, mustBe(`a ${kind}`, item)))
    return undefined
  }
  // Plain data of YAML is that of JSON.
  const definition = item as Definition
  const id = newIdOf(kind, definition)
  if (id === undefined) {
    const key = idKeyOf(kind)
    const isGiven = definition[key] !== undefined
    const message = isGiven
      ? `must be the ${key} of a ${kind}, not ${show(definition[key])}`
      : `needs a "${key}"`
    const hint = isGiven ? idHint : undefined
    problems.push(yaml.problem(isGiven ? [...path, key] : path, message, { hint }))
    return undefined
  }
  const { tags = [], disabled = false } = definition
  return {
    kind,
    id,
    // What it does not say it says by leaving it out.
    definition: { ...definition, tags, disabled },
    locate: ({ path: within, message, hint, at }) =>
      yaml.problem([...path, ...within], message, { hint, at }),
  }
}
