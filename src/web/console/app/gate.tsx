import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { useConnection } from '../../ui/connection.ts'
import { Dialog } from '../../ui/dialog.tsx'

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
      <Text>Sign in with your company account. The console is for whoever looks after access.</Text>
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
          Sign in again to go on where you are. To keep what you have not saved yet, do that in
          another tab: this one goes on by itself then.
        </Text>
        <Group gap="sm" justify="flex-end">
          <Button component="a" variant="default" href="/.pomerium/sign_in" target="_blank">
            Sign in in another tab
          </Button>
          <Button component="a" href={signInAddress()} data-autofocus>
            Sign in
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
