import { definitionIn } from '../catalog/document-form.ts'
import { shownDefinition } from '../catalog/shown-definition.ts'
import type { LogFields } from '../log.ts'
import type { DocumentForm } from '../store/access-document-store.ts'

/** A log shortens longer texts: this is what stays whole. */
const charsPerPart = 2_000

/** A form in an audit record: JSON without secrets, in several parts where it is long. */
export function recordedForm(form: DocumentForm | undefined): string | readonly string[] | null {
  if (form === undefined) return null
  const { definition } = shownDefinition({ definition: definitionIn(form) })
  const { isDisabled, tags } = form
  const whole = JSON.stringify({
    ...definition,
    ...(tags.length === 0 ? {} : { tags }),
    ...(isDisabled ? { disabled: true } : {}),
  })
  return whole.length <= charsPerPart ? whole : inParts(whole)
}

function inParts(text: string): readonly string[] {
  const count = Math.ceil(text.length / charsPerPart)
  return Array.from({ length: count }, (_, index) =>
    text.slice(index * charsPerPart, (index + 1) * charsPerPart),
  )
}

/** Of many the log keeps the beginning: how many there were is said beside it. */
export function recordedMany(
  changes: readonly { readonly kind: string; readonly id: string; readonly change: string }[],
): LogFields {
  const named = changes.map(({ kind, id, change }) => `${change} ${kind} ${id}`)
  return { changes: changes.length, documents: named }
}
