import { Button, Group, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { CommandLine } from '../../ui/command-line.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Moment } from '../../ui/moment.tsx'

/** A link by which somebody makes a passkey, at the only moment it is known. */
export interface AccountLink {
  readonly email: string
  readonly url: string
  readonly expires_at: string
}

export interface LinkDialogProps {
  readonly link: AccountLink | undefined
  readonly close: () => void
}

/** Shows a link once, to be sent to its person. */
export function LinkDialog({ link, close }: LinkDialogProps): ReactNode {
  return (
    <Dialog
      opened={link !== undefined}
      onClose={close}
      title="Send this link"
      // A slip beside the window would lose what is shown once.
      closeOnClickOutside={false}
      size="lg"
    >
      {link !== undefined && (
        <Stack gap="md">
          <Text>
            Send it to <strong>{link.email}</strong> and to nobody else: whoever opens it first gets
            the account. It is good once, until <Moment at={link.expires_at} />, and is not shown
            again.
          </Text>
          <CommandLine command={link.url} purpose={`the link for ${link.email}`} isText />
          <Group justify="flex-end">
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  )
}
