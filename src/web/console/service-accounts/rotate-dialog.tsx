import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { ApiFault, post } from '../../ui/api.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { FaultText } from '../../ui/states.tsx'
import { CredentialShown } from './credential-shown.tsx'
import { Expiry, expiryOf } from './expiry.tsx'
import type { Credential, ServiceAccount } from './service-account.ts'

const hourMs = 3_600_000

/** How long the credential before stays good. */
const overlaps = [
  { value: '0', label: 'No longer: its tunnels end at once' },
  { value: String(hourMs), label: 'For an hour' },
  { value: String(24 * hourMs), label: 'For a day' },
  { value: String(7 * 24 * hourMs), label: 'For a week' },
] as const

export interface RotateDialogProps {
  readonly account: ServiceAccount | undefined
  readonly close: () => void
  readonly rotated: () => void
}

/** Gives a service account another credential, and shows it. */
export function RotateDialog({ account, close, rotated }: RotateDialogProps): ReactNode {
  const [credential, setCredential] = useState<Credential>()
  const leave = (): void => {
    close()
    setCredential(undefined)
  }
  return (
    <Dialog
      opened={account !== undefined}
      onClose={leave}
      title={credential === undefined ? `Replace the credential` : 'Keep this credential'}
      closeOnClickOutside={credential === undefined}
      size="lg"
    >
      {credential !== undefined && <CredentialShown credential={credential} done={leave} />}
      {credential === undefined && account !== undefined && (
        <RotateForm
          account={account}
          cancel={leave}
          rotated={(made) => {
            setCredential(made)
            rotated()
          }}
        />
      )}
    </Dialog>
  )
}

interface RotateFormProps {
  readonly account: ServiceAccount
  readonly cancel: () => void
  readonly rotated: (credential: Credential) => void
}

function RotateForm({ account: { id, expires_at }, cancel, rotated }: RotateFormProps): ReactNode {
  const [overlap, setOverlap] = useState<string>(overlaps[2].value)
  const [expires, setExpires] = useState(expires_at === null ? '' : '90')
  const [fault, setFault] = useState<ApiFault>()
  const [isBusy, setBusy] = useState(false)
  const rotate = async (): Promise<void> => {
    setBusy(true)
    try {
      const rotation = {
        keep_old_ms: Number(overlap),
        expires_at: expiryOf(expires, Date.now()),
      }
      const path = `/service-accounts/${encodeURIComponent(id)}/rotate`
      rotated(await post<Credential>(path, rotation))
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void rotate()
      }}
    >
      <Stack gap="md">
        <Text>
          <strong>{id}</strong> is given another credential. Two are good at a time: one that was
          replaced before ends now.
        </Text>
        <NativeSelect
          label="The credential of now stays good"
          data={overlaps.map(({ value, label }) => ({ value, label }))}
          value={overlap}
          onChange={(event) => setOverlap(event.currentTarget.value)}
          data-autofocus
        />
        <Expiry value={expires} onChange={setExpires} />
        {fault !== undefined && (
          <div role="alert">
            <FaultText fault={fault} />
          </div>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={cancel}>
            Cancel
          </Button>
          <BusyButton type="submit" isBusy={isBusy}>
            Replace it
          </BusyButton>
        </Group>
      </Stack>
    </form>
  )
}
