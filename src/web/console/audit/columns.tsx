import type { AuditRecord } from '../../../console/wire/audit.ts'
import type { Column } from '../../ui/list/columns.ts'
import { RowButton, RowLink } from '../../ui/list/row-controls.tsx'
import { Moment } from '../../ui/moment.tsx'
import { personPath } from '../person-path.ts'
import { outcomes } from './words.ts'

type RecordColumn = Column<AuditRecord>

export const timeColumn: RecordColumn = {
  id: 'time',
  title: 'When',
  width: '9rem',
  cell: ({ time }) => <Moment at={time} />,
}

export const whatColumn: RecordColumn = {
  id: 'event',
  title: 'What',
  width: 'minmax(11rem, 2fr)',
  cell: ({ event }) => event,
}

export const outcomeColumn: RecordColumn = {
  id: 'outcome',
  title: 'Outcome',
  width: '5.5rem',
  cell: ({ outcome }) =>
    outcome !== null && <span data-outcome={outcome}>{outcomes[outcome]}</span>,
}

export const whoColumn: RecordColumn = {
  id: 'who',
  title: 'Who',
  width: 'minmax(10rem, 1.5fr)',
  cell: ({ who, ip }) => (
    <>
      {who !== null && <RowLink to={personPath(who)}>{who}</RowLink>}
      {ip !== null && <div className={who === null ? undefined : 'second'}>{ip}</div>}
    </>
  ),
}

export const routeColumn: RecordColumn = {
  id: 'route',
  title: 'Route',
  width: 'minmax(7rem, 1fr)',
  cell: ({ route, route_id }) => route ?? route_id ?? '',
}

export function detailsColumn(show: (record: AuditRecord) => void): RecordColumn {
  return {
    id: 'details',
    title: 'Details',
    width: '5rem',
    cell: (record) => (
      <RowButton of={`of “${record.event}”, ${record.time}`} onClick={() => show(record)}>
        Show
      </RowButton>
    ),
  }
}
