import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState, type ReactNode } from 'react'
import { formatNumberOf } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { Moment } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty } from '../../ui/states.tsx'
import { usePages } from '../pages.ts'
import { QueryView } from '../query-view.tsx'

/** A session, as `GET /sessions` answers it. */
interface Session {
  readonly id: string
  readonly user: string
  readonly email: string | null
  readonly name: string | null
  readonly issued_at: string
  readonly expires_at: string
  readonly device: string | null
  readonly tunnels: number
}

/** While somebody types, in milliseconds. */
const searchAfterMs = 250

/** Who is signed in. */
export default function SessionsView(): ReactNode {
  const [text, setText] = useState('')
  const [q] = useDebouncedValue(text.trim(), searchAfterMs)
  const { query, rows, total, more } = usePages<Session>('sessions', '/sessions', { q })
  return (
    <>
      <PageHead title="People" lead="Everybody who is signed in now, one row for each session." />
      <TextInput
        type="search"
        label="Find people"
        placeholder="Name, email address or device"
        mb="md"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <QueryView what="the sessions" query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title={q === '' ? 'Nobody is signed in.' : 'Nobody fits.'} />
          ) : (
            <>
              <p className="count" role="status">
                {formatNumberOf(total ?? rows.length, 'session')}
              </p>
              <DataList
                label="Sessions"
                columns={columns}
                rows={rows}
                keyOf={idOf}
                total={total}
                more={more}
              />
            </>
          )
        }
      </QueryView>
    </>
  )
}

const idOf = ({ id }: Session): string => id

const columns: readonly Column<Session>[] = [
  {
    id: 'person',
    title: 'Person',
    width: 'minmax(12rem, 2fr)',
    cell: ({ name, email, user }) => name ?? email ?? user,
  },
  {
    id: 'device',
    title: 'Signed in by',
    width: 'minmax(8rem, 1fr)',
    cell: ({ device }) => device ?? 'browser',
  },
  {
    id: 'since',
    title: 'Since',
    width: '9rem',
    cell: ({ issued_at }) => <Moment at={issued_at} />,
  },
  {
    id: 'until',
    title: 'Until',
    width: '9rem',
    cell: ({ expires_at }) => <Moment at={expires_at} />,
  },
  { id: 'tunnels', title: 'Tunnels', width: '5rem', align: 'end', cell: ({ tunnels }) => tunnels },
]
