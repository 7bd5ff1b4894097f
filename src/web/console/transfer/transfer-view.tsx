import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { addressOf } from '../../ui/api.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { useMayAdd } from '../documents/may-change.ts'
import { Import } from './import.tsx'
import { PageLink } from '../documents/page-link.tsx'

/** Routes and policies out of the store as YAML, and into it. */
export default function TransferView(): ReactNode {
  const mayAdd = useMayAdd()
  return (
    <>
      <PageHead
        title={mayAdd ? 'Import and export' : 'Export'}
        lead={<PageLink to="/routes">Routes</PageLink>}
      />
      <Stack gap="lg">
        <Paper className="card" p="md" component="section" aria-labelledby="export">
          <Stack gap="sm">
            <div>
              <Title order={2} id="export">
                Export
              </Title>
              <Text c="dimmed">
                YAML with routes and policies, which a configuration file may hold and{' '}
                <code>postern gateway check</code> reads. Secret keys are not in it.
              </Text>
            </div>
            <Group gap="sm">
              <Download source="store" file="postern-stored.yaml">
                Export what is kept here
              </Download>
              <Download source="all" file="postern-all.yaml">
                Export everything, the file’s too
              </Download>
            </Group>
          </Stack>
        </Paper>
        {mayAdd && <Import />}
      </Stack>
    </>
  )
}

interface DownloadProps {
  readonly source: string
  readonly file: string
  readonly children: ReactNode
}

function Download({ source, file, children }: DownloadProps): ReactNode {
  return (
    <Button component="a" variant="default" href={addressOf('/export', { source })} download={file}>
      {children}
    </Button>
  )
}
