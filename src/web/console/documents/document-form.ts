import { createContext, useContext } from 'react'
import { withKey, type Body } from './body.ts'
import type { KeptForm } from './kept-form.ts'
import { describeWithin, problemsAt, type DocumentProblem } from './problems.ts'

/** What a form is about, for its fields. */
export interface DocumentForm {
  readonly form: KeptForm
  readonly definition: Body
  readonly problems: readonly DocumentProblem[]
  readonly isReadOnly: boolean
  readonly change: (definition: Body) => void
  readonly changeForm: (form: KeptForm) => void
  readonly isReadable: boolean
  /** A field whose text cannot be read says so, and when it can again: meanwhile nothing is saved. */
  readonly reportReadable: (isReadable: boolean) => void
}

export const DocumentFormContext = createContext<DocumentForm | undefined>(undefined)

export function useDocumentForm(): DocumentForm {
  const form = useContext(DocumentFormContext)
  if (form === undefined) throw new Error('this field is outside of a form')
  return form
}

/** One key of the definition. */
export interface Field {
  readonly value: unknown
  /** What is wrong with it, for the field to show. */
  readonly error: string | undefined
  readonly isReadOnly: boolean
  /** Undefined leaves the key out. */
  readonly set: (value: unknown) => void
}

export function useField(key: string): Field {
  const { definition, problems, isReadOnly, change } = useDocumentForm()
  const faults = problemsAt(problems, key).map((problem) => describeWithin(problem, key))
  return {
    value: definition[key],
    error: faults.length === 0 ? undefined : faults.join('; '),
    isReadOnly,
    set: (value) => change(withKey(definition, key, value)),
  }
}
