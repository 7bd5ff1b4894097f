import { Button, Group, Paper, Stack, Text, Title, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { SigningKeysAnswer, SigningPurpose } from '../../../console/wire/keys.ts'
import { get, type ApiFault } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import { Moment } from '../../ui/moment.tsx'
import { useMayChange } from '../me.ts'
import { QueryView } from '../../ui/query-view.tsx'
import { purposes } from './purposes.ts'
import './settings.css'
import { useChangeKeys } from './use-change-keys.ts'

/** The keys that the gateway signs with, by what for. */
export function SigningKeys(): ReactNode {
  return (
    <section aria-labelledby="signing-keys">
      <Title order={2} id="signing-keys">
        Signing keys
      </Title>
      <Text c="dimmed" mb="xs">
        Another key takes nothing from anybody: what the one before has signed stays good until that
        is forgotten.
      </Text>
      <Stack gap="sm">
        {(Object.keys(purposes) as SigningPurpose[]).map((purpose) => (
          <Purpose key={purpose} purpose={purpose} />
        ))}
      </Stack>
    </section>
  )
}

function Purpose({ purpose }: { readonly purpose: SigningPurpose }): ReactNode {
  const { title, use } = purposes[purpose]
  const query = useQuery<SigningKeysAnswer, ApiFault>({
    queryKey: ['keys', purpose],
    queryFn: ({ signal }) => get(`/signing-keys/${purpose}`, { signal }),
  })
  return (
    <Paper className="card" p="md" component="section" aria-label={title}>
      <Title order={3}>{title}</Title>
      <Text c="dimmed">{use}</Text>
      <QueryView what="the keys" query={query}>
        {({ items }) => <Keys purpose={purpose} keys={items} />}
      </QueryView>
    </Paper>
  )
}

interface KeysProps {
  readonly purpose: SigningPurpose
  readonly keys: SigningKeysAnswer['items']
}

function Keys({ purpose, keys }: KeysProps): ReactNode {
  const mayChange = useMayChange()()
  if (keys.length === 0) return <Text mt="xs">None yet: it is made when it is first needed.</Text>
  return (
    <>
      <ul className="key-list">
        {keys.map(({ id, created_at, current, connectors }) => (
          <li key={id}>
            <code>{id}</code>
            <div className="second">
              {current ? 'current' : 'former'}, of <Moment at={created_at} />
              {connectors !== null && `, trusted by ${formatNumberOf(connectors, 'connector')}`}
            </div>
          </li>
        ))}
      </ul>
      {mayChange && <Changes purpose={purpose} hasFormer={keys.length > 1} />}
    </>
  )
}

interface ChangesProps {
  readonly purpose: SigningPurpose
  readonly hasFormer: boolean
}

function Changes({ purpose, hasFormer }: ChangesProps): ReactNode {
  const { rotate, forget, isBusy } = useChangeKeys(purpose)
  const of = <VisuallyHidden>&nbsp;{purposes[purpose].title}</VisuallyHidden>
  return (
    <Group gap="xs" mt="xs">
      <BusyButton variant="default" size="compact-sm" isBusy={isBusy} onClick={rotate}>
        Rotate …{of}
      </BusyButton>
      {hasFormer && (
        <Button variant="default" size="compact-sm" disabled={isBusy} onClick={forget}>
          Forget former keys …{of}
        </Button>
      )}
    </Group>
  )
}
