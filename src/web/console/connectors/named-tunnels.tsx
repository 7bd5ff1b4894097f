import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { NamedTunnelView } from '../../../console/wire/connectors.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { Moment } from '../../ui/moment.tsx'
import { usePages } from '../pages.ts'
import { QueryView } from '../query-view.tsx'
import { Few } from './few.tsx'

/** The names by which connectors register, those too that none uses now. */
export function NamedTunnels(): ReactNode {
  const { query, rows, total, more } = usePages<NamedTunnelView>('named-tunnels', '/named-tunnels')
  return (
    <QueryView what="the named tunnels" query={query}>
      {() =>
        rows.length === 0 ? (
          <Text c="dimmed">
            There is none yet. <code>postern tunnel create NAME</code> makes one.
          </Text>
        ) : (
          <DataList
            label="Named tunnels"
            columns={columns}
            rows={rows}
            keyOf={idOf}
            total={total}
            more={more}
          />
        )
      }
    </QueryView>
  )
}

const idOf = ({ id }: NamedTunnelView): string => id

const columns: readonly Column<NamedTunnelView>[] = [
  {
    id: 'name',
    title: 'Name',
    width: 'minmax(10rem, 1.5fr)',
    cell: ({ name, hostnames }) => (
      <>
        {name}
        <Few words={hostnames} />
      </>
    ),
  },
  {
    id: 'connectors',
    title: 'Connectors',
    width: 'minmax(8rem, 1fr)',
    cell: ({ connectors }) => (connectors === 0 ? <strong>none now</strong> : connectors),
  },
  { id: 'site', title: 'Site', width: 'minmax(8rem, 1fr)', cell: ({ site }) => site },
  {
    id: 'by',
    title: 'Made by',
    width: 'minmax(9rem, 1fr)',
    cell: ({ created_by, created_at }) => (
      <>
        {created_by}
        <div className="second">
          <Moment at={created_at} />
        </div>
      </>
    ),
  },
]
