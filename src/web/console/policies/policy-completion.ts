import type { PolicyLanguageAnswer } from '../../../console/wire/policy-language.ts'
import type { Suggestion } from '../../ui/yaml-editor/code-mirror.ts'
import type { YamlPlace } from '../../ui/yaml-editor/yaml-path.ts'

/** What may be written at a place of a policy, by the language's own table. */
export function suggestInPolicy(
  language: PolicyLanguageAnswer | undefined,
  { path, isKey }: YamlPlace,
): readonly Suggestion[] {
  if (language === undefined || !isKey) return []
  // Within a route the policy is below its key.
  const [side, operator, criterion, ...deeper] = path[0] === 'policy' ? path.slice(1) : path
  if (side === undefined) return language.sides.map(keyOf)
  if (operator === undefined) return language.operators.map(keyOf)
  if (criterion === undefined) return language.criteria.map(suggestCriterion)
  return deeper.length === 0 ? suggestMatchers(language, criterion) : []
}

function keyOf({ name, doc }: { readonly name: string; readonly doc: string }): Suggestion {
  return { label: name, info: doc, insert: `${name}:` }
}

type Criterion = PolicyLanguageAnswer['criteria'][number]

function suggestCriterion({ name, data, doc, matcher, example }: Criterion): Suggestion {
  const [label = name, subPath] = name.split('/')
  // Whoever takes one with a path writes the path next.
  if (subPath !== undefined) return { label: name, detail: data, info: doc, insert: `${label}/` }
  const isShort = matcher === null && !example.trim().includes('\n') && !/: /.test(example)
  return {
    label,
    detail: data,
    info: doc,
    insert: isShort ? `${label}: ${example.trim()}` : `${label}:`,
  }
}

function suggestMatchers(language: PolicyLanguageAnswer, written: string): readonly Suggestion[] {
  const [name] = written.split('/')
  const criterion = language.criteria.find((one) => one.name.split('/')[0] === name)
  if (criterion === undefined) return []
  if (criterion.matcher !== null) {
    return language.matchers[criterion.matcher].map((word) => ({
      ...keyOf(word),
      insert: `${word.name}: `,
    }))
  }
  return criterion.keys.map((key) => ({ label: key, insert: `${key}: ` }))
}
