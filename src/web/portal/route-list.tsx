import { Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { PortalRoute } from '../../console/portal-view.ts'
import { ListedRoute, UsableRoute } from './route-card.tsx'
import { useTellGrants } from './use-tell-grants.ts'

/** With more routes than this there is a search box. */
const manyRoutes = 8

export interface RouteListProps {
  readonly routes: readonly PortalRoute[]
  readonly isSignedIn: boolean
}

/** The routes somebody may use, and below them those that are only listed. */
export function RouteList({ routes, isSignedIn }: RouteListProps): ReactNode {
  const [wanted, setWanted] = useState('')
  useTellGrants(routes)
  const isLong = routes.length > manyRoutes
  const found = isLong ? routes.filter((route) => fits(route, wanted)) : routes
  const usable = found.filter(({ isUsable }) => isUsable)
  const listed = found.filter(({ isUsable }) => !isUsable)
  return (
    <Stack gap="md">
      {isLong && (
        <>
          <TextInput
            type="search"
            label="Find a route"
            description="Name, description or host"
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
          <Text size="sm" c="dimmed" role="status">
            {wanted === ''
              ? `${routes.length} routes`
              : `${found.length} of ${routes.length} routes`}
          </Text>
        </>
      )}
      {!routes.some(({ isUsable }) => isUsable) && <NoRoutes isSignedIn={isSignedIn} />}
      {usable.map((route) => (
        <UsableRoute key={route.id} route={route} />
      ))}
      {listed.length > 0 && (
        <>
          <Title order={2} mt="md">
            Not open to you now
          </Title>
          {listed.map((route) => (
            <ListedRoute key={route.id} route={route} />
          ))}
        </>
      )}
    </Stack>
  )
}

function NoRoutes({ isSignedIn }: { readonly isSignedIn: boolean }): ReactNode {
  return (
    <Paper className="card" p="lg">
      <Text fw={600}>There is no route that you may use now.</Text>
      <Text c="dimmed">
        {isSignedIn
          ? 'Ask whoever runs this gateway for access.'
          : 'This gateway has no route that is open to everybody.'}
      </Text>
    </Paper>
  )
}

/** Every word of what is wanted is somewhere in the route. */
function fits(route: PortalRoute, wanted: string): boolean {
  const text = [route.name, route.description, ...route.ways.map((way) => way.destination)]
    .join(' ')
    .toLowerCase()
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
