import { Anchor, Button, Container, Group, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { AnnounceProvider } from '../ui/announce.tsx'
import { GetPostern } from './get-postern.tsx'
import { OwnRequests } from './own-requests.tsx'
import { OwnSessions } from './own-sessions.tsx'
import './portal.css'
import { RouteList } from './route-list.tsx'
import { SessionEnd } from './session-end.tsx'
import { type FetchedView, usePortal } from './use-portal.ts'

/** The page at the gateway's own address. */
export function Portal(): ReactNode {
  const { data, isError, dataUpdatedAt, refetch } = usePortal()
  return (
    <AnnounceProvider>
      <Container size="sm" component="main" className="portal">
        <Text className="mark">Postern</Text>
        {isError && <Unreachable sinceMs={dataUpdatedAt} retry={() => void refetch()} />}
        {data !== undefined && <Content view={data} />}
        {data === undefined && !isError && <Text role="status">Loading your routes …</Text>}
      </Container>
    </AnnounceProvider>
  )
}

function Content({ view }: { readonly view: FetchedView }): ReactNode {
  if (view.person === null && view.canSignIn) {
    return (
      <Stack gap="lg">
        <SignIn />
        <GetPostern install={view.install} />
      </Stack>
    )
  }
  return (
    <Stack gap="lg">
      <Header view={view} />
      <GetPostern install={view.install} />
      <RouteList routes={view.routes} isSignedIn={view.person !== null} />
      {(view.hasAsked || view.routes.some(({ access }) => access !== null)) && <OwnRequests />}
      {view.person !== null && <OwnSessions />}
      {view.person !== null && (
        <Text size="sm">
          <Anchor href="/.pomerium/" underline="always">
            Account details
          </Anchor>
          {view.person.hasPasskeys && (
            <>
              {' · '}
              <Anchor href="/.postern/passkeys" underline="always">
                Your passkeys
              </Anchor>
            </>
          )}
        </Text>
      )}
    </Stack>
  )
}

function Header({ view: { person, clockAheadMs } }: { readonly view: FetchedView }): ReactNode {
  if (person === null) return <Title order={1}>Routes open to everybody</Title>
  const { name, email } = person
  return (
    <Group justify="space-between" align="flex-start" gap="sm">
      <div>
        <Title order={1}>Your routes</Title>
        <Text c="dimmed" className="who">
          {email === null || email === name ? name : `${name} · ${email}`}
        </Text>
        <SessionEnd endsAtMs={person.sessionEndsAtMs - clockAheadMs} />
      </div>
      <Group gap="sm">
        {person.hasRole && (
          <Button component="a" variant="default" href="/console/">
            Console
          </Button>
        )}
        <form method="post" action="/.pomerium/sign_out">
          <Button type="submit" variant="default">
            Sign out
          </Button>
        </form>
      </Group>
    </Group>
  )
}

function SignIn(): ReactNode {
  return (
    <Paper className="card" p="lg">
      <Stack gap="md" align="flex-start">
        <Title order={1}>This is a Postern gateway</Title>
        <Text>Sign in to see the routes you may use.</Text>
        <Button component="a" href="/.pomerium/sign_in">
          Sign in
        </Button>
      </Stack>
    </Paper>
  )
}

interface UnreachableProps {
  /** When what is shown was true; 0 for never. */
  readonly sinceMs: number
  readonly retry: () => void
}

function Unreachable({ sinceMs, retry }: UnreachableProps): ReactNode {
  const time = new Date(sinceMs).toLocaleTimeString(undefined, { timeStyle: 'short' })
  return (
    <Paper className="card notice" p="md" mb="md" role="alert">
      <Group justify="space-between">
        <Text>
          The gateway does not answer.
          {sinceMs > 0 && ` What you see is from ${time}.`}
        </Text>
        <Button variant="default" onClick={retry}>
          Try again
        </Button>
      </Group>
    </Paper>
  )
}
