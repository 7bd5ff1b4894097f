import { useMemo, type ReactNode } from 'react'
import { useParams } from 'wouter'
import { PageHead } from '../../ui/page-head.tsx'
import { useConnection } from '../live.ts'
import { NothingHere } from '../nothing-here.tsx'
import { words } from '../words.ts'
import { ConnectionEditor } from './connection-editor.tsx'
import { formOf } from './connection-form.ts'

/** A connection to change. */
export default function EditView(): ReactNode {
  const { id } = useParams<{ id: string }>()
  const connection = useConnection(id)
  // A change of its state is none of its settings.
  const text = JSON.stringify(connection?.settings)
  const saved = useMemo(
    () => connection && formOf(connection.settings),
    // oxlint-disable-next-line react/exhaustive-deps
    [text],
  )
  if (connection === undefined || saved === undefined)
    return (
      <NothingHere title={words.nothingHere.gone(id)}>{words.nothingHere.goneNext}</NothingHere>
    )
  const { settings, file } = connection
  return (
    <div className="narrow">
      <PageHead
        title={words.form.editTitle(settings.name)}
        {...(file !== undefined && { lead: words.form.readOnly(file) })}
      />
      {file === undefined && (
        <ConnectionEditor draftKey={id} saved={saved} connection={connection} />
      )}
    </div>
  )
}
