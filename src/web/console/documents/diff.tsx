import type { ReactNode } from 'react'
import './documents.css'
import { diffTexts, shorten, type DiffLine } from './text-diff.ts'

export interface DiffProps {
  readonly before: string
  readonly after: string
}

/** Two texts as one, with what was removed and added; each line says by its first character which it is. */
export function Diff({ before, after }: DiffProps): ReactNode {
  const lines = shorten(diffTexts(before, after))
  if (lines.length === 0) return <p className="diff">No line differs.</p>
  return (
    <div className="diff" role="group" aria-label="What differs">
      {lines.map(({ kind, text, skipped }, index) => (
        // Lines of a diff have no name but their place.
        <div key={index}>
          {skipped > 0 && <div className="diff-skipped">… {skipped} lines alike …</div>}
          <div className={`diff-${kind}`}>
            {signs[kind]} {text}
          </div>
        </div>
      ))}
    </div>
  )
}

const signs: Readonly<Record<DiffLine['kind'], string>> = { same: ' ', added: '+', removed: '−' }
