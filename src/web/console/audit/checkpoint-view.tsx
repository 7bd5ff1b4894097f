import { Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { AuditCheckpoint } from '../../../console/wire/audit.ts'
import { get, type ApiFault } from '../../ui/api.ts'
import { CommandLine } from '../../ui/command-line.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import { Moment } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { QueryView } from '../../ui/query-view.tsx'
import './audit.css'
import { series as words } from './words.ts'

/** How far the audit log is signed, and how somebody proves it without this gateway. */
export default function CheckpointView(): ReactNode {
  const query = useQuery<AuditCheckpoint, ApiFault>({
    queryKey: ['audit', 'checkpoint'],
    queryFn: ({ signal }) => get('/audit/checkpoint', { signal }),
  })
  return (
    <>
      <PageHead
        title="Proof of the audit log"
        lead="Each record carries the hash of the one before it, and the gateway signs how far it has come."
      />
      <QueryView what="the checkpoint" query={query}>
        {(checkpoint) => (
          <Stack gap="md">
            <Latest checkpoint={checkpoint} />
            <Chains checkpoint={checkpoint} />
            <HowTo keys={checkpoint.keys} />
          </Stack>
        )}
      </QueryView>
    </>
  )
}

function Latest({ checkpoint: { note, time } }: { checkpoint: AuditCheckpoint }): ReactNode {
  return (
    <Paper className="card" p="md" component="section" aria-label="The latest checkpoint">
      <Title order={2}>The latest checkpoint</Title>
      {note === null ? (
        <Text>There is none yet: the first one is signed soon after the first record.</Text>
      ) : (
        <>
          <Text mb="xs">
            Signed {time !== null && <Moment at={time} />}. Keep a copy where whoever runs this
            gateway cannot change it: against that copy, records that are cut off at the end are
            found as well.
          </Text>
          <CommandLine command={note} purpose="the checkpoint" isText />
        </>
      )}
    </Paper>
  )
}

function Chains({ checkpoint: { series } }: { checkpoint: AuditCheckpoint }): ReactNode {
  return (
    <Paper className="card" p="md" component="section" aria-label="The chains">
      <Title order={2}>The chains</Title>
      <dl className="facts">
        {series.map(({ name, records, hash }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {formatNumberOf(records, 'record')}
              {name in words && `: ${words[name as keyof typeof words]}`}
              <div className="second">
                <code>{hash}</code>
              </div>
            </dd>
          </div>
        ))}
      </dl>
    </Paper>
  )
}

function HowTo({ keys }: { readonly keys: readonly string[] }): ReactNode {
  const key = keys[0] === undefined ? '' : ` --key '${keys[0]}'`
  return (
    <Paper className="card" p="md" component="section" aria-label="Verify">
      <Title order={2}>Verify it yourself</Title>
      <Stack gap="xs">
        <Text>
          On any machine and without this gateway, with everything that is kept in one file, which
          the first command writes on the gateway’s machine: the second one names the first record
          that was changed, removed, moved or added. The key is this gateway’s own: keep it beside
          the checkpoint.
        </Text>
        <CommandLine
          command="postern audit export -c postern.yaml > audit.jsonl"
          purpose="the command that exports"
        />
        <CommandLine
          command={`postern audit verify --checkpoint checkpoint.txt${key} audit.jsonl`}
          purpose="the command that verifies"
        />
      </Stack>
    </Paper>
  )
}
