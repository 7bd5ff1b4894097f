import { Text } from '@mantine/core'
import { useMemo, type ReactNode } from 'react'
import type { BlockView } from '../../../console/wire/blocks.ts'
import { formatNumberOf } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { RowButton, RowLink } from '../../ui/list/row-controls.tsx'
import { Moment } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty } from '../../ui/states.tsx'
import { useMayChange } from '../me.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { personPath } from '../person-path.ts'
import {
  isAlsoByScim,
  scimAdvice,
  useBlocks,
  useChangeBlocks,
  type ChangeBlocks,
} from './blocks.ts'

/** Everybody who is kept out. */
export default function BlockedView(): ReactNode {
  const query = useBlocks()
  const mayChange = useMayChange()()
  const { unblock } = useChangeBlocks()
  const columns = useMemo(
    () => [...facts, ...(mayChange ? [ends(unblock, query.data?.items ?? [])] : [])],
    [mayChange, unblock, query.data],
  )
  return (
    <>
      <PageHead
        title="Blocked people"
        lead="They can neither sign in nor use a tunnel, whatever policies say."
      />
      <QueryView what="who is blocked" query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nobody is blocked.">
              Somebody is blocked on their own page, which the list of people leads to.
            </Empty>
          ) : (
            <>
              <p className="count" role="status">
                {formatNumberOf(items.length, 'person', 'people')}
              </p>
              <DataList label="Blocked people" columns={columns} rows={items} keyOf={whoOf} />
            </>
          )
        }
      </QueryView>
    </>
  )
}

const whoOf = ({ who }: BlockView): string => who

const facts: readonly Column<BlockView>[] = [
  {
    id: 'who',
    title: 'Person',
    width: 'minmax(12rem, 1.5fr)',
    sortBy: whoOf,
    cell: ({ who }) => <RowLink to={personPath(who)}>{who}</RowLink>,
  },
  { id: 'why', title: 'Why', width: 'minmax(12rem, 2fr)', cell: ({ reason }) => reason },
  { id: 'by', title: 'By', width: 'minmax(9rem, 1fr)', cell: ({ blocked_by }) => blocked_by },
  {
    id: 'since',
    title: 'Since',
    width: '9rem',
    sortBy: ({ blocked_at }) => Date.parse(blocked_at),
    cell: ({ blocked_at }) => <Moment at={blocked_at} />,
  },
]

function ends(unblock: ChangeBlocks['unblock'], all: readonly BlockView[]): Column<BlockView> {
  return {
    id: 'end',
    title: 'End',
    width: '9rem',
    cell: (block) =>
      block.by_scim ? (
        <Text span c="dimmed" size="sm" title={scimAdvice}>
          in their directory
        </Text>
      ) : (
        <RowButton
          of={block.who}
          onClick={() => unblock(block, { isByScim: isAlsoByScim(block, all) })}
        >
          Unblock
        </RowButton>
      ),
  }
}
