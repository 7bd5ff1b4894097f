import { shownText, withKey, type Body } from '../documents/body.ts'

export const actions = ['allow', 'block', 'bypass', 'service_auth'] as const
export type Action = (typeof actions)[number]

export const parts = ['include', 'require', 'exclude'] as const
export type Part = (typeof parts)[number]

/** One selector of a rule, such as `{email: ada@example.com}`. */
export interface Selector {
  readonly name: string
  /** As it is written; `true` for those that take no value. */
  readonly value: unknown
}

/** Other names of actions, as Cloudflare's API has them. */
const spellings: Readonly<Record<string, Action>> = {
  deny: 'block',
  non_identity: 'service_auth',
}

/** The rules of a list in Cloudflare's words; undefined where it is none that the form can show. */
export function rulesOf(policies: unknown): readonly Body[] | undefined {
  if (policies === undefined || policies === null) return []
  if (!Array.isArray(policies)) return undefined
  return policies.every(isRule) ? policies : undefined
}

function isRule(rule: unknown): rule is Body {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return false
  return (
    actionOf(rule as Body) !== undefined &&
    parts.every((part) => selectorsOf(rule as Body, part) !== undefined)
  )
}

export function actionOf({ action }: Body): Action | undefined {
  if (typeof action !== 'string') return undefined
  return actions.find((name) => name === action) ?? spellings[action]
}

/** The selectors of one part; undefined where it holds anything else. */
export function selectorsOf(rule: Body, part: Part): readonly Selector[] | undefined {
  const list = rule[part] ?? []
  if (!Array.isArray(list)) return undefined
  const selectors = list.map((entry: unknown): Selector | undefined => {
    if (typeof entry !== 'object' || entry === null) return undefined
    const [only, ...more] = Object.entries(entry as Body)
    if (only === undefined || more.length > 0) return undefined
    return { name: only[0], value: only[1] }
  })
  return selectors.every((selector) => selector !== undefined) ? selectors : undefined
}

/** What a text field shows of a value: `a@example.com` of `{email: a@example.com}` too, the API's longer form. */
export function shownValue(value: unknown): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const [only, ...more] = Object.values(value) as unknown[]
    if (typeof only === 'string' && more.length === 0) return only
  }
  return shownText(value)
}

/** With other selectors in one part; `require` and `exclude` go where they are empty, `include` says it is. */
export function withSelectors(rule: Body, part: Part, selectors: readonly Selector[]): Body {
  const list = selectors.map(({ name, value }) => ({ [name]: value }))
  return withKey(rule, part, list.length === 0 && part !== 'include' ? undefined : list)
}

/** What somebody begins with who adds a rule. */
export function newRule(action: Action): Body {
  return { action, include: [] }
}
