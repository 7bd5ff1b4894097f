import { isSame, type Body } from './body.ts'

/** All of a route or a policy that somebody may change. */
export interface KeptForm {
  readonly definition: Body
  readonly disabled: boolean
  readonly tags: readonly string[]
}

/** A form as it is in the store. */
export interface SavedForm extends KeptForm {
  /** That of its last change; null for one that is not saved yet, or is in the file. */
  readonly revision: number | null
  readonly updatedBy: string | null
  readonly updatedAt: string | null
}

/** What a new one begins with. */
export const emptyForm: SavedForm = {
  definition: {},
  disabled: false,
  tags: [],
  revision: null,
  updatedBy: null,
  updatedAt: null,
}

/** The form of an answer of the API. */
export function savedFormOf(answer: {
  readonly definition: Body
  readonly disabled: boolean
  readonly tags: readonly string[]
  readonly revision: number | null
  readonly updated_by: string | null
  readonly updated_at: string | null
}): SavedForm {
  const { definition, disabled, tags, revision, updated_by, updated_at } = answer
  return { definition, disabled, tags, revision, updatedBy: updated_by, updatedAt: updated_at }
}

export function isSameForm(one: KeptForm, other: KeptForm): boolean {
  return isSame(allKeys(one), allKeys(other))
}

/** Everything as keys of one mapping, as the file has it. */
export function allKeys({ definition, disabled, tags }: KeptForm): Body {
  return { ...definition, ...(disabled && { disabled }), ...(tags.length > 0 && { tags }) }
}

/** The form of such a mapping. */
export function formOfKeys({ disabled, tags, ...definition }: Body): KeptForm {
  return {
    definition,
    disabled: disabled === true,
    tags: Array.isArray(tags) ? tags.map(String) : [],
  }
}
