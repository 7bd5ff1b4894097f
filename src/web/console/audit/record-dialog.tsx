import { Anchor, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { AuditRecord } from '../../../console/wire/audit.ts'
import { CommandLine } from '../../ui/command-line.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { kinds, series } from './words.ts'

export interface RecordDialogProps {
  readonly record: AuditRecord | undefined
  readonly close: () => void
}

/** Everything that was kept of one record, and where it stands in its chain. */
export function RecordDialog({ record, close }: RecordDialogProps): ReactNode {
  return (
    <Dialog opened={record !== undefined} onClose={close} title="Record" size="xl">
      {record !== undefined && <RecordText record={record} close={close} />}
    </Dialog>
  )
}

function RecordText({ record, close }: { record: AuditRecord; close: () => void }): ReactNode {
  const { event, kind, time, request_id, record: kept } = record
  return (
    <Stack gap="md">
      <div>
        <Text fw={600}>{event}</Text>
        <Text c="dimmed">
          {kinds[kind]} · <time dateTime={time}>{new Date(time).toLocaleString()}</time> · {time}
        </Text>
      </div>
      {kept === null ? (
        <Text>
          Its line is no longer in the file: retention has taken it, or somebody has.{' '}
          <code>postern audit verify</code> says which.
        </Text>
      ) : (
        <Facts values={kept} />
      )}
      <Chain record={record} />
      {request_id !== null && (
        <Text size="sm">
          <Anchor
            component={Link}
            href={`/audit?request_id=${encodeURIComponent(request_id)}`}
            onClick={close}
          >
            Everything of request {request_id}
          </Anchor>
        </Text>
      )}
      {kept !== null && (
        <details>
          <summary>As JSON</summary>
          <CommandLine command={JSON.stringify(kept)} purpose="this record" isText />
        </details>
      )}
    </Stack>
  )
}

/** Said above and below. */
const saidApart = new Set(['series', 'seq', 'prev', 'time', 'kind', 'event'])

function Facts({ values }: { readonly values: Readonly<Record<string, unknown>> }): ReactNode {
  return (
    <dl className="facts">
      {Object.entries(values)
        .filter(([name]) => !saidApart.has(name))
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {typeof value === 'object' && value !== null ? (
                <pre>{JSON.stringify(value, undefined, 2)}</pre>
              ) : (
                String(value)
              )}
            </dd>
          </div>
        ))}
    </dl>
  )
}

function Chain({ record }: { readonly record: AuditRecord }): ReactNode {
  const prev = record.record?.['prev']
  return (
    <section aria-label="In the chain">
      <Text fw={600}>In the chain</Text>
      <dl className="facts">
        <div>
          <dt>series</dt>
          <dd>
            {record.series}: {series[record.series]}
          </dd>
        </div>
        <div>
          <dt>seq</dt>
          <dd>{record.seq}</dd>
        </div>
        {typeof prev === 'string' && (
          <div>
            <dt>prev</dt>
            <dd>
              <code>{prev}</code>
              <div className="second">
                {record.seq === 1
                  ? 'It is the first one of its series.'
                  : 'The SHA-256 of the record before it: whoever changes that one breaks this.'}
              </div>
            </dd>
          </div>
        )}
      </dl>
    </section>
  )
}
