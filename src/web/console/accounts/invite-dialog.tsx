import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { ApiFault, post } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { FaultText } from '../../ui/states.tsx'
import type { AccountLink } from './link-dialog.tsx'

export interface InviteDialogProps {
  readonly isOpen: boolean
  readonly close: () => void
  readonly invited: (link: AccountLink) => void
}

/** Invites somebody. */
export function InviteDialog({ isOpen, close, invited }: InviteDialogProps): ReactNode {
  return (
    <Dialog opened={isOpen} onClose={close} title="Invite somebody" size="lg">
      <InviteForm
        cancel={close}
        invited={(link) => {
          close()
          invited(link)
        }}
      />
    </Dialog>
  )
}

interface InviteFormProps {
  readonly cancel: () => void
  readonly invited: (link: AccountLink) => void
}

function InviteForm({ cancel, invited }: InviteFormProps): ReactNode {
  const [fault, setFault] = useState<ApiFault>()
  const client = useQueryClient()
  const form = useForm({
    initialValues: { email: '', groups: '' },
    validate: {
      email: (email) => (email.includes('@') ? undefined : 'Give their email address.'),
    },
  })
  const invite = async ({ email, groups }: typeof form.values): Promise<void> => {
    const named = groups
      .split(',')
      .map((group) => group.trim())
      .filter((group) => group !== '')
    try {
      invited(await post<AccountLink>('/accounts', { email: email.trim(), groups: named }))
      void client.invalidateQueries({ queryKey: ['accounts'] })
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
  }
  return (
    <form onSubmit={form.onSubmit(invite)}>
      <Stack gap="md">
        <TextInput
          label="Email address"
          description="Policies know them by it. No mail is sent."
          data-autofocus
          {...form.getInputProps('email')}
        />
        <TextInput
          label="Groups"
          description="With commas between them, or none."
          {...form.getInputProps('groups')}
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
            Invite
          </BusyButton>
        </Group>
      </Stack>
    </form>
  )
}
