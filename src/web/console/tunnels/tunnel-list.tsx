import { useMemo, useState, type ReactNode } from 'react'
import { formatBytes } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { RowButton, RowLink } from '../../ui/list/row-controls.tsx'
import { Since } from '../../ui/moment.tsx'
import { seesAll, useMayChange, useMe } from '../me.ts'
import { personPath } from '../person-path.ts'
import { EndDialog } from './end-dialog.tsx'
import { ownerOf, type Tunnel } from './tunnel.ts'

export interface TunnelListProps {
  readonly tunnels: readonly Tunnel[]
  /** Whether they are all of one person, who needs no column then. */
  readonly isOfOne?: boolean
}

/** Open tunnels, and a button that ends them for whoever may. */
export function TunnelList({ tunnels, isOfOne = false }: TunnelListProps): ReactNode {
  const mayChange = useMayChange()
  const seesPeople = seesAll(useMe())
  const [ending, setEnding] = useState<Tunnel>()
  const mayEndSome = tunnels.some(({ namespace }) => mayChange(namespace))
  const columns = useMemo(
    () => [
      ...(isOfOne ? [] : [person(seesPeople)]),
      ...facts,
      ...(mayEndSome ? [ends(setEnding, ({ namespace }) => mayChange(namespace))] : []),
    ],
    [isOfOne, mayEndSome, mayChange, seesPeople],
  )
  return (
    <>
      <DataList
        label="Open tunnels"
        columns={columns}
        rows={tunnels}
        keyOf={idOf}
        sorting={newestFirst}
      />
      <EndDialog tunnel={ending} close={() => setEnding(undefined)} />
    </>
  )
}

const idOf = ({ id }: Tunnel): string => id
const newestFirst = { column: 'since', isDescending: true } as const

/** People have pages for whoever sees everything. */
function person(hasPages: boolean): Column<Tunnel> {
  return {
    id: 'person',
    title: 'Person',
    width: 'minmax(10rem, 1.6fr)',
    sortBy: ownerOf,
    cell: (tunnel) => (
      <>
        {tunnel.user === null || !hasPages ? (
          ownerOf(tunnel)
        ) : (
          <RowLink to={personPath(tunnel.user)}>{ownerOf(tunnel)}</RowLink>
        )}
        {tunnel.service_account_id !== null && <div className="second">service account</div>}
      </>
    ),
  }
}

const facts: readonly Column<Tunnel>[] = [
  {
    id: 'route',
    title: 'Route',
    width: 'minmax(10rem, 1.6fr)',
    sortBy: ({ route }) => route,
    cell: ({ route, target }) => (
      <>
        {route}
        {target !== route && <div className="second">{target}</div>}
      </>
    ),
  },
  {
    id: 'from',
    title: 'From',
    width: 'minmax(8rem, 1fr)',
    sortBy: ({ ip }) => ip,
    cell: ({ ip, connector }) => (
      <>
        {ip}
        {connector !== null && <div className="second">by connector {connector.tunnel}</div>}
      </>
    ),
  },
  {
    id: 'since',
    title: 'Since',
    width: '6.5rem',
    sortBy: ({ opened_at }) => Date.parse(opened_at),
    cell: ({ opened_at }) => <Since at={opened_at} />,
  },
  {
    id: 'up',
    title: 'Sent',
    width: '5.5rem',
    align: 'end',
    sortBy: ({ bytes_up }) => bytes_up,
    cell: ({ bytes_up }) => formatBytes(bytes_up),
  },
  {
    id: 'down',
    title: 'Received',
    width: '5.5rem',
    align: 'end',
    sortBy: ({ bytes_down }) => bytes_down,
    cell: ({ bytes_down }) => formatBytes(bytes_down),
  },
]

function ends(end: (tunnel: Tunnel) => void, mayEnd: (tunnel: Tunnel) => boolean): Column<Tunnel> {
  return {
    id: 'end',
    title: 'End',
    width: '4rem',
    cell: (tunnel) =>
      mayEnd(tunnel) && (
        <RowButton
          of={`the tunnel of ${ownerOf(tunnel)} to ${tunnel.target}`}
          onClick={() => end(tunnel)}
        >
          End
        </RowButton>
      ),
  }
}
