import { Text } from '@mantine/core'
import { useMemo, type ReactNode } from 'react'
import type { PublisherView } from '../../../console/wire/connectors.ts'
import { del } from '../../ui/api.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { RowButton } from '../../ui/list/row-controls.tsx'
import { Moment } from '../../ui/moment.tsx'
import { useAct } from '../../ui/act.ts'
import { useMayChange } from '../me.ts'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'

/** The machines on which somebody may publish services of their own. */
export function Publishers(): ReactNode {
  const { query, rows, total, more } = usePages<PublisherView>('publishers', '/publishers')
  const mayChange = useMayChange()()
  const revoke = useRevoke()
  const columns = useMemo(
    () => [...facts, ...(mayChange ? [ends(revoke)] : [])],
    [mayChange, revoke],
  )
  return (
    <QueryView what="who may publish" query={query}>
      {() =>
        rows.length === 0 ? (
          <Text c="dimmed">
            There is none yet. Somebody’s machine appears here once they sign in there to publish.
          </Text>
        ) : (
          <DataList
            label="Machines that may publish"
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

const idOf = ({ id }: PublisherView): string => id

function useRevoke(): (publisher: PublisherView) => void {
  const ask = useConfirm()
  const { act } = useAct()
  return useMemo(
    () => (publisher) =>
      void (async () => {
        const { id, user, host } = publisher
        const answer = await ask({
          title: `Revoke what ${user} publishes with on ${host}?`,
          body: 'That machine can make and change no named tunnels any more. Connectors that run go on: their tokens are their own.',
          action: 'Revoke it',
        })
        if (answer === undefined) return
        await act({
          async run() {
            await del('/publishers', { who: id })
            return `Revoked what ${user} publishes with on ${host}`
          },
          failed: `${host} may still publish`,
          changes: ['publishers'],
        })
      })(),
    [ask, act],
  )
}

const facts: readonly Column<PublisherView>[] = [
  { id: 'user', title: 'Person', width: 'minmax(10rem, 1.5fr)', cell: ({ user }) => user },
  { id: 'host', title: 'Machine', width: 'minmax(8rem, 1fr)', cell: ({ host }) => host },
  { id: 'site', title: 'Site', width: 'minmax(8rem, 1fr)', cell: ({ site }) => site },
  { id: 'state', title: 'State', width: '5rem', cell: ({ state }) => state },
  {
    id: 'until',
    title: 'Until',
    width: '9rem',
    cell: ({ expires_at }) => <Moment at={expires_at} />,
  },
]

function ends(revoke: (publisher: PublisherView) => void): Column<PublisherView> {
  return {
    id: 'end',
    title: 'End',
    width: '5.5rem',
    cell: (publisher) =>
      publisher.state === 'active' && (
        <RowButton
          of={`what ${publisher.user} publishes with on ${publisher.host}`}
          onClick={() => revoke(publisher)}
        >
          Revoke
        </RowButton>
      ),
  }
}
