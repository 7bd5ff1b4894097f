import { Anchor, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { OverviewAnswer } from '../../../console/wire/overview.ts'
import { addressOf, get, type ApiFault } from '../../ui/api.ts'
import { Since } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { QueryView } from '../../ui/query-view.tsx'
import { Configuration } from './configuration.tsx'
import { SigningKeys } from './signing-keys.tsx'
import { TokenKeys } from './token-keys.tsx'

/** What belongs to the gateway itself: its version, its files and its keys. */
export default function SettingsView(): ReactNode {
  return (
    <>
      <PageHead
        title="Settings"
        lead="The version, the configuration and the keys of this gateway."
      />
      <Stack gap="md">
        <Version />
        <Configuration />
        <TokenKeys />
        <SigningKeys />
      </Stack>
    </>
  )
}

function Version(): ReactNode {
  const query = useQuery<OverviewAnswer, ApiFault>({
    queryKey: ['overview'],
    queryFn: ({ signal }) => get('/overview', { signal }),
  })
  return (
    <Paper className="card" p="md" component="section" aria-labelledby="version">
      <Title order={2} id="version">
        Version
      </Title>
      <QueryView what="the version" query={query}>
        {({ version, started_at }) => (
          <Text>
            Postern {version}, running for <Since at={started_at} />.
          </Text>
        )}
      </QueryView>
      <Text c="dimmed">
        Programs do what this console does by the API under <code>/api/v1</code>, with the
        credential of a service account:{' '}
        <Anchor href={addressOf('/openapi.json')} underline="always">
          its description for OpenAPI
        </Anchor>
        .
      </Text>
    </Paper>
  )
}
