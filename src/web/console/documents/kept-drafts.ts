import { emptyForm, type KeptForm, type SavedForm } from './kept-form.ts'

/** What somebody has changed and not saved, and what they began with. */
export interface Edited {
  readonly base: SavedForm
  readonly form: KeptForm
}

/**
 * What is not saved, by document: whoever leaves its page finds it again. In this page's memory alone, since a
 * route may hold a private key.
 */
const kept = new Map<string, Edited>()

export function draftOf(key: string): Edited | undefined {
  return kept.get(key)
}

/** Whether there is something unsaved of a document. */
export function isDrafted(key: string): boolean {
  return kept.has(key)
}

/** Undefined where there is nothing to keep any more. */
export function keepDraft(key: string, edited: Edited | undefined): void {
  if (edited === undefined) kept.delete(key)
  else kept.set(key, edited)
}

/** What was changed of a document that is gone becomes a new one, with all that it had. */
export function renewDraft(key: string, newKey: string): void {
  const edited = kept.get(key)
  if (edited === undefined) return
  kept.delete(key)
  kept.set(newKey, { base: emptyForm, form: edited.form })
}
