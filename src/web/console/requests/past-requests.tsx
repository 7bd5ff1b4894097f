import type { ReactNode } from 'react'
import type { AccessRequestView } from '../../../console/wire/requests.ts'
import { formatDuration } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { Moment } from '../../ui/moment.tsx'
import { Empty } from '../../ui/states.tsx'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import './requests.css'

/** Every request there was, newest first. */
export function PastRequests(): ReactNode {
  const { query, rows, total, more } = usePages<AccessRequestView>('requests', '/requests')
  return (
    <QueryView what="the requests" query={query}>
      {() =>
        rows.length === 0 ? (
          <Empty title="Nobody has asked for access yet.">
            A route says who may be asked: under “Just in time” in its form.
          </Empty>
        ) : (
          <DataList
            label="All requests"
            columns={columns}
            rows={rows}
            keyOf={({ id }) => id}
            total={total}
            more={more}
          />
        )
      }
    </QueryView>
  )
}

const columns: readonly Column<AccessRequestView>[] = [
  {
    id: 'person',
    title: 'Person',
    width: 'minmax(9rem, 1.4fr)',
    cell: ({ email, user_id, break_glass }) => (
      <>
        {email ?? user_id}
        {break_glass && <div className="request-alarm">Break glass</div>}
      </>
    ),
  },
  {
    id: 'route',
    title: 'Route',
    width: 'minmax(7rem, 1fr)',
    cell: ({ route_name }) => route_name,
  },
  {
    id: 'asked',
    title: 'Asked',
    width: 'minmax(7rem, 1fr)',
    cell: ({ asked_at, for_seconds }) => (
      <>
        <Moment at={asked_at} />
        <div className="request-doc">for {formatDuration(for_seconds * 1_000)}</div>
      </>
    ),
  },
  {
    id: 'state',
    title: 'State',
    width: 'minmax(9rem, 1.4fr)',
    cell: (request) => (
      <>
        {states[request.state]}
        <div className="request-doc">{describeEnd(request)}</div>
      </>
    ),
  },
  {
    id: 'reason',
    title: 'Reason',
    width: 'minmax(9rem, 2fr)',
    cell: ({ reason, note }) => (
      <>
        “{reason}”{note !== undefined && <div className="request-doc">answer: “{note}”</div>}
      </>
    ),
  },
]

const states: Readonly<Record<AccessRequestView['state'], string>> = {
  pending: 'Waiting',
  approved: 'Giving access',
  denied: 'Denied',
  cancelled: 'Cancelled',
  expired: 'Not answered in time',
  ended: 'Ended',
}

function describeEnd({ decided_by, ended_by, break_glass, email }: AccessRequestView): string {
  const by = break_glass ? undefined : decided_by
  return [
    by !== undefined && by !== email && `answered by ${by}`,
    ended_by !== undefined && `ended by ${ended_by}`,
  ]
    .filter((text) => text !== false)
    .join(', ')
}
