import { isObject } from '../../policy/place.ts'
import { allSelectors, shortForm } from '../../policy/cloudflare/selectors.ts'
import { isOn, meaninglessPolicyKeys } from './cloudflare-keys.ts'

type Plain = Readonly<Record<string, unknown>>

const actions: Readonly<Record<string, string>> = { deny: 'block', non_identity: 'service_auth' }
const parts = ['include', 'require', 'exclude'] as const

/** What a setting of its own turns on. */
const neededBy: Readonly<Record<string, string>> = {
  approval_groups: 'approval_required',
  purpose_justification_prompt: 'purpose_justification_required',
}

/** The groups of rules that the same file has, by id. */
export type RuleGroups = ReadonlyMap<string, Plain>

/** One policy of the API in the words of the configuration; what has no equal stays as it stands. */
export function importPolicy(policy: unknown, groups: RuleGroups): unknown {
  if (!isObject(policy)) return policy
  const { name, decision, action = decision, ...others } = policy
  const rest = Object.entries(others).filter(
    ([key, value]) =>
      !meaninglessPolicyKeys.has(key) &&
      !parts.some((part) => part === key) &&
      isOn(value) &&
      isOn(policy[neededBy[key] ?? key]),
  )
  const rules = parts
    .map((part) => [part, importRules(policy[part], part, groups)] as const)
    .filter(([part, list]) => part === 'include' || isOn(list))
  return {
    ...(isOn(name) ? { name } : {}),
    action: typeof action === 'string' ? (actions[action] ?? action) : action,
    ...Object.fromEntries(rules),
    ...Object.fromEntries(rest),
  }
}

function importRules(list: unknown, part: string, groups: RuleGroups): unknown {
  if (!Array.isArray(list)) return list ?? []
  return list.flatMap((item: unknown) => expanded(item, part, groups)).map(importSelector)
}

/**
 * A group of rules is its own list of alternatives, which under include and exclude may stand in its place; where
 * it has more than those, or under require, it stays as it stands.
 */
function expanded(
  item: unknown,
  part: string,
  groups: RuleGroups,
  within: readonly Plain[] = [],
): readonly unknown[] {
  const id = isObject(item) && isObject(item['group']) ? item['group']['id'] : undefined
  const group = typeof id === 'string' ? groups.get(id) : undefined
  if (group === undefined || part === 'require' || within.includes(group)) return [item]
  const isMore = isOn(group['require']) || isOn(group['exclude'])
  const include = group['include']
  if (isMore || !Array.isArray(include) || include.length === 0) return [item]
  return include.flatMap((one: unknown) => expanded(one, part, groups, [...within, group]))
}

function importSelector(item: unknown): unknown {
  if (!isObject(item)) return item
  const entries = Object.entries(item).map(([name, data]): [string, unknown] => {
    const selector = allSelectors.find((known) => known.name === name)
    return [name, selector === undefined ? data : shortForm(selector, data)]
  })
  return Object.fromEntries(entries)
}
