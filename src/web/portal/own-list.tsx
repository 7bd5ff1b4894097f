import { Paper, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { get, type ApiFault, type Query } from '../ui/api.ts'
import { FaultText } from '../ui/states.tsx'

export interface OwnListProps<T> {
  /** Names what is asked for, to ask for it again, and on the page. */
  readonly name: 'own-sessions' | 'own-requests'
  readonly title: string
  /** What it says where there is nothing. */
  readonly empty: string
  /** Of the API. */
  readonly path: string
  readonly query?: Query
  /** One of them, with its key. */
  readonly show: (item: T) => ReactNode
}

/** Something of somebody's own, asked for once they want to know. */
export function OwnList<T>({ name, title, empty, path, query, show }: OwnListProps<T>): ReactNode {
  const [isOpen, setOpen] = useState(false)
  const { data, error } = useQuery<{ readonly items: readonly T[] }, ApiFault>({
    queryKey: [name],
    queryFn: ({ signal }) => get(path, { signal, ...(query && { query }) }),
    enabled: isOpen,
    retry: false,
  })
  return (
    <details className={`own-list ${name}`} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen && (
        <Paper className="card" p="md" mt="xs">
          {error !== null && (
            <div role="alert">
              <FaultText fault={error} />
            </div>
          )}
          {data === undefined && error === null && <Text role="status">Loading …</Text>}
          {data?.items.length === 0 && <Text c="dimmed">{empty}</Text>}
          <ul>{data?.items.map(show)}</ul>
        </Paper>
      )}
    </details>
  )
}
