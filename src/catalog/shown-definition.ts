import type { Definition } from './document-form.ts'
import type { Held } from './holding.ts'

/** Keys of a route that hold a secret; a stored one has none of them. */
const secretKeys: readonly string[] = ['tls_client_key']

export interface ShownDefinition {
  /** Without its secrets, and without `tags` and `disabled`, which are told beside it. */
  readonly definition: Definition
  /** Keys that were left out for their secrets. */
  readonly hidden: readonly string[]
}

/** A definition as anybody may see it who may see the route or the policy. */
export function shownDefinition({ definition }: Pick<Held, 'definition'>): ShownDefinition {
  const { tags: _tags, disabled: _disabled, ...own } = definition
  const hidden = Object.keys(own).filter((key) => secretKeys.includes(key))
  const shown = Object.entries(own).filter(([key]) => !secretKeys.includes(key))
  return { definition: Object.fromEntries(shown), hidden }
}

/** Its tags, wherever they are kept. */
export function tagsOf({
  source,
  definition,
}: Pick<Held, 'source' | 'definition'>): readonly string[] {
  if (source.kind === 'store') return source.document.tags
  const { tags } = definition
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
}
