import { Button, Stack, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { Page } from '../../../console/wire/common.ts'
import type { WhoCanAnswer } from '../../../console/wire/try-access.ts'
import { formatCount, formatNumberOf } from '../../ui/format.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { sentence } from '../../ui/sentence.ts'
import { Empty } from '../../ui/states.tsx'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'

type Known = WhoCanAnswer['items'][number]

/** Everybody known who may use a route now, asked for by a button: each of them is judged for it. */
export function WhoCan({ route }: { readonly route: string }): ReactNode {
  const [asked, setAsked] = useState<string>()
  return (
    <Stack gap="sm">
      <div>
        <Button variant="default" disabled={route === ''} onClick={() => setAsked(route)}>
          Who may use this route now?
        </Button>
      </div>
      {asked !== undefined && asked === route && <Answer route={asked} />}
    </Stack>
  )
}

function Answer({ route }: { readonly route: string }): ReactNode {
  const path = `/who-can/${encodeURIComponent(route)}`
  const { query, rows, total, more } = usePages<Known>('who-can', path)
  return (
    <QueryView what="who may use it" query={query}>
      {({ pages }) => {
        const [first] = pages as readonly (Page<Known> & Partial<Omit<WhoCanAnswer, 'items'>>)[]
        return (
          <>
            <Text component="div">
              {first?.everybody === true && <b>Everybody, without signing in. </b>}
              Of {formatNumberOf(total ?? 0, 'known caller')}
              {more === undefined && `, ${formatCount(rows.length)} may`}.{' '}
              {first?.assumed?.map(sentence).join(' ')}
            </Text>
            {rows.length === 0 && more === undefined ? (
              <Empty title="Nobody who is known may use it." />
            ) : (
              <DataList
                label="Who may use it"
                columns={columns}
                rows={rows}
                keyOf={({ kind, who }) => `${kind} ${who}`}
                more={more}
              />
            )}
          </>
        )
      }}
    </QueryView>
  )
}

const columns: readonly Column<Known>[] = [
  {
    id: 'who',
    title: 'Who',
    width: 'minmax(12rem, 2fr)',
    sortBy: ({ who }) => who,
    cell: ({ who, name }) => (name === null || name === who ? who : `${name} · ${who}`),
  },
  {
    id: 'kind',
    title: 'Kind',
    width: 'minmax(8rem, 1fr)',
    cell: ({ kind }) => (kind === 'person' ? 'person' : 'service account'),
  },
  {
    id: 'known',
    title: 'Known by',
    width: 'minmax(8rem, 1fr)',
    cell: ({ known_by }) => knownBy[known_by],
  },
]

const knownBy: Readonly<Record<Known['known_by'], string>> = {
  session: 'a sign-in',
  directory: 'the directory',
  'service-account': 'its account',
}
