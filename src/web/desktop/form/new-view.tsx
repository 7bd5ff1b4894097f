import type { ReactNode } from 'react'
import { PageHead } from '../../ui/page-head.tsx'
import { words } from '../words.ts'
import { emptyForm } from './connection-form.ts'
import { ConnectionEditor } from './connection-editor.tsx'

/** A connection that is not yet one. */
export default function NewView(): ReactNode {
  return (
    <div className="narrow">
      <PageHead title={words.form.addTitle} />
      <ConnectionEditor draftKey="new" saved={emptyForm} />
    </div>
  )
}
