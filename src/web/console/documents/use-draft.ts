import { useCallback, useEffect, useState } from 'react'
import { draftOf, keepDraft } from './kept-drafts.ts'
import { isSameForm, type KeptForm, type SavedForm } from './kept-form.ts'

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
  const [edited, setEdited] = useState(() => draftOf(key))
  const [wasKept] = useState(edited !== undefined)
  useEffect(() => keepDraft(key, edited), [key, edited])
  // Saved, and the answer was lost; or somebody else has made the same of it.
  const isSavedAlready =
    edited !== undefined &&
    edited.base.revision !== saved.revision &&
    isSameForm(edited.form, saved)
  useEffect(() => {
    if (isSavedAlready) setEdited(undefined)
  }, [isSavedAlready])
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
    keepDraft(key, undefined)
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
