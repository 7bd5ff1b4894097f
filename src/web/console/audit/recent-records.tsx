import { Anchor, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { Link } from 'wouter'
import type { AuditRecord } from '../../../console/wire/audit.ts'
import { DataList } from '../../ui/list/data-list.tsx'
import { usePages } from '../pages.ts'
import { QueryView } from '../../ui/query-view.tsx'
import './audit.css'
import { detailsColumn, outcomeColumn, routeColumn, timeColumn, whatColumn } from './columns.tsx'
import { RecordDialog } from './record-dialog.tsx'

/** How many are shown beside other things. */
const few = 10

/** The latest records of somebody. */
export function RecentRecords({ who }: { readonly who: string }): ReactNode {
  const { query, rows } = usePages<AuditRecord>('audit', '/audit', { who, limit: few })
  const [shown, setShown] = useState<AuditRecord>()
  const [columns] = useState(() => [
    timeColumn,
    whatColumn,
    outcomeColumn,
    routeColumn,
    detailsColumn(setShown),
  ])
  return (
    <QueryView what="the audit log" query={query}>
      {() =>
        rows.length === 0 ? (
          <Text c="dimmed">The audit log has nothing of them.</Text>
        ) : (
          <>
            <DataList
              label="Latest records"
              columns={columns}
              rows={rows.slice(0, few)}
              keyOf={keyOf}
              onOpen={setShown}
            />
            <Text mt="xs">
              <Anchor
                component={Link}
                href={`/audit?who=${encodeURIComponent(who)}`}
                underline="always"
              >
                All of it
              </Anchor>
            </Text>
            <RecordDialog record={shown} close={() => setShown(undefined)} />
          </>
        )
      }
    </QueryView>
  )
}

const keyOf = ({ series, seq }: AuditRecord): string => `${series} ${seq}`
