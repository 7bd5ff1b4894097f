import { useCallback, useEffect, useState } from 'react'
import { isSameForm, type ConnectionForm } from './connection-form.ts'
import { keepDraft, readDraft, type Draft } from './drafts.ts'

export interface DraftState {
  readonly form: ConnectionForm
  readonly isChanged: boolean
  /** Whether it was left with changes and is shown with them again. */
  readonly wasKept: boolean
  /** Whether somebody else has saved it since these changes began. */
  readonly isOvertaken: boolean
  readonly change: (change: Partial<ConnectionForm>) => void
  readonly discard: () => void
}

/** A form with what somebody has changed in it; without changes it follows what is saved. */
export function useDraft(key: string, saved: ConnectionForm): DraftState {
  const [draft, setDraft] = useState<Draft | undefined>(() => readDraft(sessionStorage, key))
  const [wasKept, setKept] = useState(draft !== undefined)
  useEffect(() => keepDraft(sessionStorage, key, draft), [key, draft])
  const change = useCallback(
    (changed: Partial<ConnectionForm>) =>
      setDraft((now) => {
        const base = now?.base ?? saved
        const form = { ...(now?.form ?? saved), ...changed }
        return isSameForm(form, base) ? undefined : { base, form }
      }),
    [saved],
  )
  const discard = useCallback(() => {
    keepDraft(sessionStorage, key, undefined)
    setDraft(undefined)
    setKept(false)
  }, [key])
  return {
    form: draft?.form ?? saved,
    isChanged: draft !== undefined,
    wasKept: wasKept && draft !== undefined,
    isOvertaken: draft !== undefined && !isSameForm(draft.base, saved),
    change,
    discard,
  }
}
