import { Checkbox } from '@mantine/core'
import { useContext, type ReactNode } from 'react'
import { sentence } from '../../ui/sentence.ts'
import { RowContext } from '../../ui/list/row-controls.tsx'
import './documents.css'
import { describeProblem, type DocumentProblem } from './problems.ts'
import type { Selectable, Selection } from './selection.ts'

/** What every row of routes and policies says of itself. */
export interface DocumentRow extends Selectable {
  readonly source: { readonly kind: 'store' } | { readonly kind: 'file'; readonly place: string }
  readonly in_use: boolean
  readonly disabled: boolean
  readonly problems: readonly DocumentProblem[]
  readonly warnings: readonly DocumentProblem[]
  readonly tags: readonly string[]
  readonly namespace: string | null
}

interface TickProps<T extends Selectable> {
  readonly row: T
  readonly name: string
  readonly selection: Selection<T>
}

/** The box of a row that may be changed with others. */
export function Tick<T extends Selectable>({ row, name, selection }: TickProps<T>): ReactNode {
  const isActive = useContext(RowContext)
  return (
    <Checkbox
      aria-label={`Tick ${name}`}
      checked={selection.has(row.id)}
      tabIndex={isActive ? 0 : -1}
      onChange={() => selection.toggle(row.id)}
    />
  )
}

/** Whether it is in use, and why not. */
export function State({ row }: { readonly row: DocumentRow }): ReactNode {
  const [problem] = row.problems
  const [warning] = row.warnings
  if (row.disabled) return <span className="row-note">Disabled</span>
  if (problem !== undefined) {
    return (
      <>
        <span className="row-bad">Not in use</span>
        <div className="row-note">
          {problem.path !== '' && <code>{problem.path}</code>} {sentence(describeProblem(problem))}
        </div>
      </>
    )
  }
  if (!row.in_use) return <span className="row-bad">Not in use</span>
  return (
    <>
      <span className="row-good">In use</span>
      {warning !== undefined && <div className="row-note">{sentence(warning.message)}</div>}
    </>
  )
}

/** What is said below its name: what it is, where the file has it, and its tags. */
export function RowNotes({
  row,
  text,
}: {
  readonly row: DocumentRow
  readonly text: string
}): ReactNode {
  const { source, tags, namespace } = row
  return (
    <>
      {text !== '' && <div className="row-note">{text}</div>}
      {source.kind === 'file' && (
        <div className="row-note">
          in the file, <code>{source.place}</code>
        </div>
      )}
      {(tags.length > 0 || namespace !== null) && (
        <div>
          {namespace !== null && <span className="tag">namespace {namespace}</span>}
          {tags.map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
        </div>
      )}
    </>
  )
}
