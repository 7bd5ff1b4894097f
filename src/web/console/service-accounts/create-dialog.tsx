import { Button, Group, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState, type ReactNode } from 'react'
import { ApiFault, post } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { FaultText } from '../../ui/states.tsx'
import { maxWordsLength, tooLong } from '../../ui/too-long.ts'
import { CredentialShown } from './credential-shown.tsx'
import { Expiry, expiryOf } from './expiry.tsx'
import type { Credential } from './service-account.ts'

export interface CreateDialogProps {
  readonly isOpen: boolean
  readonly close: () => void
  readonly created: () => void
}

/** Makes a service account, and shows its credential. */
export function CreateDialog({ isOpen, close, created }: CreateDialogProps): ReactNode {
  const [credential, setCredential] = useState<Credential>()
  const leave = (): void => {
    close()
    setCredential(undefined)
  }
  return (
    <Dialog
      opened={isOpen}
      onClose={leave}
      title={credential === undefined ? 'Create a service account' : 'Keep this credential'}
      // A slip beside the window would lose what is shown once.
      closeOnClickOutside={credential === undefined}
      size="lg"
    >
      {credential === undefined ? (
        <CreateForm
          cancel={leave}
          created={(made) => {
            setCredential(made)
            created()
          }}
        />
      ) : (
        <CredentialShown credential={credential} done={leave} />
      )}
    </Dialog>
  )
}

/**
 * Characters of an id, as the gateway has it.
 *
 * @limit none: the page says so before the gateway does
 */
const maxIdLength = 256

interface CreateFormProps {
  readonly cancel: () => void
  readonly created: (credential: Credential) => void
}

function CreateForm({ cancel, created }: CreateFormProps): ReactNode {
  const [fault, setFault] = useState<ApiFault>()
  const form = useForm({
    initialValues: { id: '', description: '', format: 'jwt', expires: '90' },
    validate: {
      id: (id) =>
        id.trim() === '' ? 'Give it an id: policies name it by that.' : tooLong(id, maxIdLength),
      description: (description) => tooLong(description, maxWordsLength),
    },
  })
  const create = async ({
    id,
    description,
    format,
    expires,
  }: typeof form.values): Promise<void> => {
    try {
      const creation = { id: id.trim(), description: description.trim(), format }
      const expires_at = expiryOf(expires, Date.now())
      created(await post<Credential>('/service-accounts', { ...creation, expires_at }))
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
  }
  return (
    <form onSubmit={form.onSubmit(create)}>
      <Stack gap="md">
        <TextInput
          label="Id"
          description="Policies name it by this, as “user”. It cannot be changed."
          placeholder="nightly-backup"
          data-autofocus
          {...form.getInputProps('id')}
        />
        <TextInput label="What it is for" {...form.getInputProps('description')} />
        <NativeSelect
          label="Credential"
          data={[
            { value: 'jwt', label: 'A token, for postern' },
            { value: 'id-secret', label: 'An id and a secret, as cloudflared carries them' },
          ]}
          {...form.getInputProps('format')}
        />
        <Expiry
          value={form.values.expires}
          onChange={(expires) => form.setFieldValue('expires', expires)}
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
