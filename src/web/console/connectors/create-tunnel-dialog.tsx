import { Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { NamedTunnelSecretsView, SitesAnswer } from '../../../console/wire/connectors.ts'
import { ApiFault, get, post } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { FaultText } from '../../ui/states.tsx'
import { QueryView } from '../../ui/query-view.tsx'
import { TokenShown } from './token-shown.tsx'

export interface CreateTunnelDialogProps {
  readonly isOpen: boolean
  readonly close: () => void
  readonly created: () => void
}

/** Makes a named tunnel, and shows its token. */
export function CreateTunnelDialog({ isOpen, close, created }: CreateTunnelDialogProps): ReactNode {
  const [secrets, setSecrets] = useState<NamedTunnelSecretsView>()
  const leave = (): void => {
    close()
    setSecrets(undefined)
  }
  return (
    <Dialog
      opened={isOpen}
      onClose={leave}
      title={secrets === undefined ? 'Create a named tunnel' : 'Keep this token'}
      closeOnClickOutside={secrets === undefined}
      size="lg"
    >
      {secrets === undefined ? (
        <SitesFirst
          cancel={leave}
          created={(made) => {
            setSecrets(made)
            created()
          }}
        />
      ) : (
        <TokenShown secrets={secrets} done={leave} />
      )}
    </Dialog>
  )
}

interface CreateProps {
  readonly cancel: () => void
  readonly created: (secrets: NamedTunnelSecretsView) => void
}

function SitesFirst(props: CreateProps): ReactNode {
  const query = useQuery<SitesAnswer, ApiFault>({
    queryKey: ['sites'],
    queryFn: ({ signal }) => get('/sites', { signal }),
  })
  return (
    <QueryView what="the sites" query={query}>
      {({ sites }) =>
        sites.length === 0 ? (
          <Text>
            A named tunnel belongs to a site, and the configuration has none: add one under{' '}
            <code>sites</code>, with who may publish there.
          </Text>
        ) : (
          <CreateForm sites={sites} {...props} />
        )
      }
    </QueryView>
  )
}

function CreateForm({
  sites,
  cancel,
  created,
}: CreateProps & { readonly sites: readonly string[] }): ReactNode {
  const [fault, setFault] = useState<ApiFault>()
  const form = useForm({
    initialValues: { name: '', site: sites[0] ?? '' },
    validate: {
      name: (name) => (name.trim() === '' ? 'Give it a name: routes lead to it by that.' : null),
    },
  })
  const create = async ({ name, site }: typeof form.values): Promise<void> => {
    setFault(undefined)
    try {
      created(await post<NamedTunnelSecretsView>('/named-tunnels', { name: name.trim(), site }))
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
  }
  return (
    <form onSubmit={form.onSubmit(create)}>
      <Stack gap="md">
        <TextInput
          label="Name"
          description="Connectors register by it, and routes lead to it by it. It cannot be changed."
          data-autofocus
          {...form.getInputProps('name')}
        />
        <NativeSelect
          label="Site"
          description="Its host names are below this; whoever may publish there may manage it as well."
          data={[...sites]}
          {...form.getInputProps('site')}
        />
        {fault !== undefined && (
          <div role="alert">
            <FaultText fault={fault} />
          </div>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={cancel}>
            Cancel
          </Button>
          <BusyButton type="submit" isBusy={form.submitting}>
            Create
          </BusyButton>
        </Group>
      </Stack>
    </form>
  )
}
