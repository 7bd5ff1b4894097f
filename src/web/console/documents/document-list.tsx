import { Checkbox, Group } from '@mantine/core'
import type { ReactNode } from 'react'
import { useLocation } from 'wouter'
import { formatNumberOf } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { Empty } from '../../ui/states.tsx'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { BulkBar } from './bulk-bar.tsx'
import { DocumentFilters, useFilters } from './document-filters.tsx'
import { pathOf, type DocumentKind } from './document-kind.ts'
import { useMayChangeRow } from './may-change.ts'
import { State, Tick, type DocumentRow } from './row-cells.tsx'
import { useSelection } from './selection.ts'

export interface DocumentListProps<T extends DocumentRow> {
  readonly kind: DocumentKind
  /** What is looked through: `Name, from, to or tag`. */
  readonly lookedThrough: string
  readonly nameOf: (row: T) => string
  /** Between the box and the state. */
  readonly columns: readonly Column<T>[]
  /** Where there is none yet. */
  readonly empty: ReactNode
}

/** Routes or policies: found, opened, and changed many at once. */
export function DocumentList<T extends DocumentRow>(props: DocumentListProps<T>): ReactNode {
  const { kind, nameOf, lookedThrough, empty } = props
  const filters = useFilters()
  const { query, rows, total, more } = usePages<T>(kind.many, kind.path, filters.query)
  const selection = useSelection(rows)
  const mayChange = useMayChangeRow()
  const changeable = rows.filter(mayChange)
  const [, navigate] = useLocation()
  const columns: readonly Column<T>[] = [
    ...(changeable.length === 0
      ? []
      : [
          {
            id: 'tick',
            title: 'Tick',
            width: '2.5rem',
            cell: (row: T) =>
              mayChange(row) && <Tick row={row} name={nameOf(row)} selection={selection} />,
          },
        ]),
    ...props.columns,
    {
      id: 'state',
      title: 'State',
      width: 'minmax(8rem, 1.8fr)',
      cell: (row) => <State row={row} />,
    },
  ]
  return (
    <>
      <DocumentFilters label={`Find ${kind.many}`} description={lookedThrough} of={filters} />
      <QueryView what={`the ${kind.many}`} query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty
              title={filters.isNarrowed ? `No ${kind.one} fits.` : `There is no ${kind.one} yet.`}
            >
              {filters.isNarrowed ? undefined : empty}
            </Empty>
          ) : (
            <>
              <Group justify="space-between" gap="sm" mb={8}>
                <p className="count" role="status">
                  {formatNumberOf(total ?? rows.length, kind.one, kind.many)}
                </p>
                {changeable.length > 0 && (
                  <Checkbox
                    label={
                      changeable.length === 1
                        ? 'Tick the one that may be changed'
                        : `Tick all ${changeable.length} that are here and may be changed`
                    }
                    checked={selection.chosen.length === changeable.length}
                    indeterminate={
                      selection.chosen.length > 0 && selection.chosen.length < changeable.length
                    }
                    onChange={(event) =>
                      selection.set(
                        event.currentTarget.checked ? changeable.map(({ id }) => id) : [],
                      )
                    }
                  />
                )}
              </Group>
              <BulkBar kind={kind} selection={selection} />
              <DataList
                label={kind.many}
                columns={columns}
                rows={rows}
                keyOf={idOf}
                total={total}
                more={more}
                onOpen={(row) => navigate(pathOf(kind, row.id))}
              />
            </>
          )
        }
      </QueryView>
    </>
  )
}

function idOf({ id }: DocumentRow): string {
  return id
}
