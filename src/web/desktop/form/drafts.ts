import { emptyForm, type ConnectionForm } from './connection-form.ts'

/** What somebody has typed and not saved, and what they began with. */
export interface Draft {
  readonly base: ConnectionForm
  readonly form: ConnectionForm
}

/** The part of `Storage` that is used. */
export type DraftStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const prefix = 'postern-draft '

/** What this tab has kept of a form, also over a reload. */
export function readDraft(storage: DraftStorage, key: string): Draft | undefined {
  try {
    const kept = JSON.parse(storage.getItem(prefix + key) ?? 'null') as Draft | null
    return kept === null ? undefined : { base: whole(kept.base), form: whole(kept.form) }
  } catch {
    return undefined
  }
}

/** Undefined where there is nothing to keep any more. A private key is kept nowhere. */
export function keepDraft(storage: DraftStorage, key: string, draft: Draft | undefined): void {
  try {
    if (draft === undefined) storage.removeItem(prefix + key)
    else storage.setItem(prefix + key, JSON.stringify({ ...draft, form: withoutKey(draft.form) }))
  } catch {
    // A browser that keeps nothing.
  }
}

function withoutKey(form: ConnectionForm): ConnectionForm {
  return { ...form, trust: { ...form.trust, keyText: '' } }
}

/** An earlier version may have kept fewer fields. */
function whole(form: ConnectionForm): ConnectionForm {
  return { ...emptyForm, ...form, trust: { ...emptyForm.trust, ...form.trust } }
}
