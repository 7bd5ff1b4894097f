import { useCallback, useEffect, useState } from 'react'
import { isSameForm, type KeptForm, type SavedForm } from './kept-form.ts'

/** What somebody has changed and not saved, and what they began with. */
interface Edited {
  readonly base: SavedForm
  readonly form: KeptForm
}

/**
 * What is not saved, by document: whoever leaves its page finds it again. In this page's memory alone, since a
 * route may hold a private key.
 */
const kept = new Map<string, Edited>()

/** Whether there is something unsaved of a document. */
export function isDrafted(key: string): boolean {
  return kept.has(key)
}

export interface Draft {
  readonly form: KeptForm
  /** What the changes are made to. */
  readonly base: SavedForm
  readonly isChanged: boolean
  /** Whether it was left with changes and is shown with them again. */
  readonly wasKept: boolean
  /** Whether somebody else has saved it since these changes began. */
  readonly isOvertaken: boolean
  readonly change: (change: (form: KeptForm) => KeptForm) => void
  /** Goes on with changes to another form than they began with. */
  readonly rebase: (base: SavedForm, form: KeptForm) => void
  readonly discard: () => void
}

/** The form of a document with what somebody has changed in it; without changes it follows what is saved. */
export function useDraft(key: string, saved: SavedForm): Draft {
  const [edited, setEdited] = useState(() => kept.get(key))
  const [wasKept] = useState(edited !== undefined)
  useEffect(() => {
    if (edited === undefined) kept.delete(key)
    else kept.set(key, edited)
  }, [key, edited])
  const change = useCallback(
    (make: (form: KeptForm) => KeptForm) =>
      setEdited((now) => {
        const base = now?.base ?? saved
        const form = make(now?.form ?? saved)
        return isSameForm(form, base) ? undefined : { base, form }
      }),
    [saved],
  )
  const rebase = useCallback((base: SavedForm, form: KeptForm) => {
    setEdited(isSameForm(form, base) ? undefined : { base, form })
  }, [])
  const discard = useCallback(() => {
    kept.delete(key)
    setEdited(undefined)
  }, [key])
  return {
    form: edited?.form ?? saved,
    base: edited?.base ?? saved,
    isChanged: edited !== undefined,
    wasKept,
    isOvertaken: edited !== undefined && edited.base.revision !== saved.revision,
    change,
    rebase,
    discard,
  }
}
