import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { useConnection } from '../../ui/connection.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { useHasUnsaved } from '../../ui/leaving/unsaved.ts'

/** Leads back here; as `src/pages/sign-in/own-page.ts` reads it. */
function signInAddress(): string {
  const { pathname, search, hash } = location
  const here = `${pathname.replace(/^\/console$/, '/console/')}${search}${hash}`
  return `/.pomerium/sign_in?return_to=${encodeURIComponent(here)}`
}

/** The whole page, for somebody who is not signed in. */
export function SignIn(): ReactNode {
  return (
    <Alone title="The console of this gateway">
      <Text>Sign in. The console is for whoever looks after access.</Text>
      <Button component="a" href={signInAddress()}>
        Sign in
      </Button>
    </Alone>
  )
}

/** The whole page, for somebody who has no role. */
export function NoRole(): ReactNode {
  return (
    <Alone title="The console is not open to you">
      <Text>
        You are signed in, and nobody has made you an administrator or an auditor of this gateway.
        Ask whoever runs it to name you under <code>administrators</code> in its configuration.
      </Text>
      <Group gap="sm">
        <Button component="a" href="/">
          Your routes
        </Button>
        <Button component={Link} href="/requests" variant="default">
          Requests for access
        </Button>
        <form method="post" action="/.pomerium/sign_out">
          <Button type="submit" variant="default">
            Sign in as somebody else
          </Button>
        </form>
      </Group>
    </Alone>
  )
}

function Alone({
  title,
  children,
}: {
  readonly title: string
  readonly children: ReactNode
}): ReactNode {
  return (
    <main className="console-alone">
      <Text className="mark">Postern</Text>
      <Paper className="card" p="lg">
        <Stack gap="md" align="flex-start">
          <Title order={1}>{title}</Title>
          {children}
        </Stack>
      </Paper>
    </main>
  )
}

/** Over the view, when the session has ended: what somebody was writing stays where it is. */
export function SessionEnded(): ReactNode {
  const isOpen = useConnection() === 'signed-out'
  const isUnsaved = useHasUnsaved()
  return (
    <Dialog
      opened={isOpen}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
    >
      <Stack gap="md">
        <Text>
          {isUnsaved
            ? 'What you have not saved is still here. Sign in in another tab to keep it: this one goes on by itself then.'
            : 'Sign in again to go on where you are.'}
        </Text>
        <Group gap="sm" justify="flex-end">
          <Button
            component="a"
            variant={isUnsaved ? 'filled' : 'default'}
            href="/.pomerium/sign_in"
            target="_blank"
            data-autofocus={isUnsaved || undefined}
          >
            Sign in in another tab
          </Button>
          <Button
            component="a"
            variant={isUnsaved ? 'default' : 'filled'}
            href={signInAddress()}
            data-autofocus={!isUnsaved || undefined}
          >
            Sign in{isUnsaved && ' here, and lose it'}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
