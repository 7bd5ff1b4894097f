import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { useParams } from 'wouter'
import type { ConnectionDetail } from '../../../desktop/wire/calls.ts'
import type { ConnectionView as Connection } from '../../../desktop/wire/view.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { QueryView } from '../../ui/query-view.tsx'
import { call, type DaemonFault } from '../call.ts'
import { detailKey, useConnection } from '../live.ts'
import { NothingHere } from '../nothing-here.tsx'
import { words } from '../words.ts'
import { Commands } from './commands.tsx'
import { Log } from './log.tsx'
import { OneActions } from './one-actions.tsx'
import { Settings } from './settings.tsx'
import { StateCard } from './state-card.tsx'
import { Traffic } from './traffic.tsx'
import './view.css'

const ExportDialog = lazy(() => import('../transfer/export-dialog.tsx'))

/** One connection: how it stands, how it is used, and what happened. */
export default function ConnectionView(): ReactNode {
  const { id } = useParams<{ id: string }>()
  const connection = useConnection(id)
  if (connection === undefined)
    return (
      <NothingHere title={words.nothingHere.gone(id)}>{words.nothingHere.goneNext}</NothingHere>
    )
  return <One connection={connection} />
}

function One({ connection }: { readonly connection: Connection }): ReactNode {
  const { id, settings } = connection
  const [isExporting, setExporting] = useState(false)
  const query = useQuery<ConnectionDetail, DaemonFault>({
    queryKey: detailKey(id),
    queryFn: ({ signal }) => call('GET /connections/:id', { id, signal }),
    // Events bring it up to date while it is shown, and nobody tells of it meanwhile.
    staleTime: 0,
    gcTime: 0,
  })
  const { data } = query
  return (
    <>
      <PageHead
        title={settings.name}
        lead={settings.destination}
        actions={<OneActions connection={connection} exportOne={() => setExporting(true)} />}
      />
      <div className="one">
        <div>
          <StateCard connection={connection} />
          {data !== undefined && <Traffic samples={data.traffic} />}
        </div>
        <div>
          {data !== undefined && <Commands connection={connection} commands={data.commands} />}
          <Settings connection={connection} />
        </div>
      </div>
      <QueryView what={words.log.what} query={query}>
        {({ log }) => <Log entries={log} name={settings.name} />}
      </QueryView>
      {isExporting && (
        <Suspense>
          <ExportDialog connections={[connection]} close={() => setExporting(false)} />
        </Suspense>
      )}
    </>
  )
}
