import { Button, Text, TextInput } from '@mantine/core'
import { useMemo, useState, type ReactNode } from 'react'
import type { LogEntry } from '../../../desktop/wire/view.ts'
import type { Column } from '../../ui/list/columns.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { Moment } from '../../ui/moment.tsx'
import { SelectField } from '../../ui/select-field.tsx'
import { sentence } from '../../ui/sentence.ts'
import { Card } from '../card.tsx'
import { download } from '../download.ts'
import { webLink } from '../web-link.ts'
import { words } from '../words.ts'
import { filterLog, levels, type LevelChoice } from './log-filter.ts'

const { log: said } = words

export interface LogProps {
  readonly entries: readonly LogEntry[]
  /** Of the connection, for the file. */
  readonly name: string
}

/** What happened to the connection, newest first, as it happens. */
export function Log({ entries, name }: LogProps): ReactNode {
  const [level, setLevel] = useState<LevelChoice>('all')
  const [text, setText] = useState('')
  const shown = useMemo(() => filterLog(entries, level, text), [entries, level, text])
  const save = (): void =>
    download(`${name}.log.json`, JSON.stringify(shown, undefined, 2), 'application/json')
  return (
    <Card
      title={said.title}
      aside={
        <Button variant="default" size="compact-sm" disabled={shown.length === 0} onClick={save}>
          {said.export}
        </Button>
      }
    >
      <div className="log-filter">
        <SelectField
          label={said.level}
          value={level}
          onChange={setLevel}
          options={levels.map((value) => ({ value, label: said.levels[value] }))}
        />
        <TextInput
          type="search"
          label={said.text}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
      </div>
      {shown.length === 0 ? (
        <Text c="dimmed">{entries.length === 0 ? said.empty : said.noneFit}</Text>
      ) : (
        <DataList label={said.label} columns={columns} rows={shown} keyOf={keyOf} />
      )}
    </Card>
  )
}

function keyOf({ number }: LogEntry): string {
  return String(number)
}

const columns: readonly Column<LogEntry>[] = [
  { id: 'at', title: said.at, width: '8.5rem', cell: ({ at }) => <Moment at={at} /> },
  {
    id: 'level',
    title: said.kind,
    width: '5.5rem',
    cell: ({ level }) => (
      <span className="log-level" data-level={level}>
        {said.levelOf[level]}
      </span>
    ),
  },
  {
    id: 'message',
    title: said.message,
    width: 'minmax(12rem, 1fr)',
    cell: (entry) => <Message entry={entry} />,
  },
]

function Message({ entry }: { readonly entry: LogEntry }): ReactNode {
  const { message, hint, request_id: requestId } = entry
  const page = webLink(entry.page)
  return (
    <>
      {sentence(message)}
      {hint !== undefined && <div className="second">{sentence(hint)}</div>}
      {(requestId !== undefined || page !== undefined) && (
        <div className="second">
          {requestId !== undefined && (
            <>
              {words.one.request} <code>{requestId}</code>{' '}
            </>
          )}
          {page !== undefined && (
            <a href={page} target="_blank" rel="noopener noreferrer">
              {words.one.gatewayPage}
            </a>
          )}
        </div>
      )}
    </>
  )
}
