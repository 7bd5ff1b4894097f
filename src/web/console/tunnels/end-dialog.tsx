import { Button, Group, Radio, Stack, Text } from '@mantine/core'
import '@mantine/core/styles/InlineInput.css'
import '@mantine/core/styles/Radio.css'
import { useState, type ReactNode } from 'react'
import { BusyButton } from '../../ui/busy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { useEndTunnels } from './end-tunnels.ts'
import { extentsOf, type Extent } from './extents.ts'
import { ownerOf, type Tunnel } from './tunnel.ts'

export interface EndDialogProps {
  readonly tunnel: Tunnel | undefined
  readonly close: () => void
}

/** Asks how many tunnels are to end, and ends them. */
export function EndDialog({ tunnel, close }: EndDialogProps): ReactNode {
  return (
    <Dialog opened={tunnel !== undefined} onClose={close} title="End tunnels">
      {tunnel !== undefined && <EndForm tunnel={tunnel} close={close} />}
    </Dialog>
  )
}

function EndForm({ tunnel, close }: { tunnel: Tunnel; close: () => void }): ReactNode {
  const [extent, setExtent] = useState<Extent>('one')
  const [isBusy, setBusy] = useState(false)
  const end = useEndTunnels()
  const submit = async (): Promise<void> => {
    setBusy(true)
    const isDone = await end(tunnel, extent)
    setBusy(false)
    if (isDone) close()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <Stack gap="md">
        <Radio.Group label={`Of ${ownerOf(tunnel)}`} value={extent} onChange={setExtent}>
          <Stack gap="xs" mt="xs">
            {extentsOf(tunnel).map(({ extent: value, label }) => (
              <Radio key={value} value={value} label={label} />
            ))}
          </Stack>
        </Radio.Group>
        <Text c="dimmed" size="sm">
          They end at once, and their programs are told that an operator did that. Whoever had them
          may open others: to keep somebody out, block them or change the policy.
        </Text>
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <BusyButton type="submit" color="red" isBusy={isBusy} data-autofocus>
            End
          </BusyButton>
        </Group>
      </Stack>
    </form>
  )
}
