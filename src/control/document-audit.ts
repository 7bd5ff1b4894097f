import { hash } from 'node:crypto'
import { definitionIn } from '../catalog/document-form.ts'
import { shownDefinition } from '../catalog/shown-definition.ts'
import type { LogFields } from '../log.ts'
import type { DocumentForm, DocumentWrite } from '../store/access-document-store.ts'

/** A log shortens longer texts: this is what stays whole. */
const charsPerPart = 2_000

/**
 * Forms of one operation that stand in the audit log whole, in UTF-16 units, each write with its record counted as 500
 * more: an operation may write 32 MiB, and what waits for the disk is bounded.
 *
 * @limit characters of routes and policies, before and after, that one change of several puts into the audit log: of the others it has the SHA-256
 */
const maxRecordedChars = 500_000
const charsOfRecord = 500
/** So many writes are told by their hashes in one record: a log shows a hundred entries of a list. */
const hashedPerRecord = 50

/** A form in an audit record: JSON without secrets, in several parts where it is long. */
export function recordedForm(form: DocumentForm | undefined): string | readonly string[] | null {
  const whole = textOf(form)
  if (whole === undefined) return null
  return whole.length <= charsPerPart ? whole : inParts(whole)
}

const texts = new WeakMap<DocumentForm, string>()

/** Makes ready what records say of a form: of a thousand it takes some tenths of a second. */
export function prepareRecord(form: DocumentForm | undefined): void {
  if (form !== undefined) texts.set(form, writtenOut(form))
}

/** The same for the same form: what is hashed. */
function textOf(form: DocumentForm | undefined): string | undefined {
  return form && (texts.get(form) ?? writtenOut(form))
}

function writtenOut(form: DocumentForm): string {
  const { definition } = shownDefinition({ definition: definitionIn(form) })
  const { isDisabled, tags } = form
  return JSON.stringify({
    ...definition,
    ...(tags.length === 0 ? {} : { tags }),
    ...(isDisabled ? { disabled: true } : {}),
  })
}

function inParts(text: string): readonly string[] {
  const count = Math.ceil(text.length / charsPerPart)
  return Array.from({ length: count }, (_, index) =>
    text.slice(index * charsPerPart, (index + 1) * charsPerPart),
  )
}

/** A write, and what was there before. */
export interface RecordedWrite extends Pick<DocumentWrite, 'kind' | 'id' | 'change' | 'form'> {
  readonly before: DocumentForm | undefined
}

/** What a record says of one write. */
export function recordedOne({ kind, id, before, form }: RecordedWrite): LogFields {
  return { [`${kind}-id`]: id, before: recordedForm(before), after: recordedForm(form) }
}

/** What the records of an operation with several writes say, so that the chain proves each: forms, and then hashes. */
export function recordedEach(writes: readonly RecordedWrite[]): {
  readonly whole: readonly RecordedWrite[]
  readonly hashed: readonly LogFields[]
} {
  let chars = 0
  const count = writes.findIndex(({ before, form }) => {
    const length = (textOf(before)?.length ?? 0) + (textOf(form)?.length ?? 0)
    return (chars += length + charsOfRecord) > maxRecordedChars
  })
  const whole = count < 0 ? writes : writes.slice(0, count)
  const hashes = writes.slice(whole.length).map(hashedWrite)
  const hashed: LogFields[] = []
  for (let at = 0; at < hashes.length; at += hashedPerRecord)
    hashed.push({ documents: hashes.slice(at, at + hashedPerRecord) })
  return { whole, hashed }
}

function hashedWrite({ kind, id, change, before, form }: RecordedWrite): LogFields {
  const [was, is] = [before, form].map((it) => textOf(it))
  return {
    change,
    [`${kind}-id`]: id,
    'before-sha256': was === undefined ? null : hash('sha256', was),
    'after-sha256': is === undefined ? null : hash('sha256', is),
  }
}

/** Of many the log keeps the beginning: how many there were is said beside it. */
export function recordedMany(
  changes: readonly { readonly kind: string; readonly id: string; readonly change: string }[],
): LogFields {
  const named = changes.map(({ kind, id, change }) => `${change} ${kind} ${id}`)
  return { changes: changes.length, documents: named }
}
