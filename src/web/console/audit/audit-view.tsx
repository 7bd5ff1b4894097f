import { Anchor, Button, Text } from '@mantine/core'
import { useMemo, useState, type ReactNode } from 'react'
import { Link } from 'wouter'
import type { AuditPage, AuditRecord } from '../../../console/wire/audit.ts'
import { addressOf } from '../../ui/api.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty } from '../../ui/states.tsx'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import './audit.css'
import {
  detailsColumn,
  outcomeColumn,
  routeColumn,
  timeColumn,
  whatColumn,
  whoColumn,
} from './columns.tsx'
import { Filters } from './filters.tsx'
import { useQuestions } from './use-questions.ts'
import { RecordDialog } from './record-dialog.tsx'

/** What happened, provably. */
export default function AuditView(): ReactNode {
  const { fields, asked, ask } = useQuestions()
  const { query, rows, more } = usePages<AuditRecord>('audit', '/audit', asked)
  const [shown, setShown] = useState<AuditRecord>()
  const columns = useMemo(
    () => [timeColumn, whatColumn, outcomeColumn, whoColumn, routeColumn, detailsColumn(setShown)],
    [],
  )
  const isComplete = query.data?.pages.every((page) => (page as AuditPage).is_complete) ?? true
  return (
    <>
      <PageHead
        title="Audit log"
        lead={
          <>
            Who did what, when, and what came of it. No record can be changed unseen:{' '}
            <Anchor component={Link} href="/checkpoint" underline="always">
              how that is proved
            </Anchor>
            .
          </>
        }
        actions={
          <>
            <Button component="a" variant="default" href={addressOf('/audit.csv', asked)}>
              Export as CSV
            </Button>
            <Button component="a" variant="default" href={addressOf('/audit.jsonl', asked)}>
              As JSON lines
            </Button>
          </>
        }
      />
      <Filters fields={fields} ask={ask} />
      {fields.request_id !== '' && (
        <Text mb="md">
          Of request <code>{fields.request_id}</code> alone.{' '}
          <Button variant="default" size="compact-sm" onClick={() => ask({ request_id: '' })}>
            Show all
          </Button>
        </Text>
      )}
      {!isComplete && (
        <Text mb="md" role="status">
          Older records are still being read in: there may be more of them.
        </Text>
      )}
      <QueryView what="the audit log" query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title="No record fits.">Ask for a longer time, or for less.</Empty>
          ) : (
            <DataList
              label="Records"
              columns={columns}
              rows={rows}
              keyOf={keyOf}
              more={more}
              onOpen={setShown}
            />
          )
        }
      </QueryView>
      <RecordDialog record={shown} close={() => setShown(undefined)} />
    </>
  )
}

const keyOf = ({ series, seq }: AuditRecord): string => `${series} ${seq}`
