import { Paper, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { RouteActivityView } from '../../../console/wire/samples.ts'
import { formatBytes, formatCount } from '../../ui/format.ts'

export interface BusiestRoutesProps {
  /** Most bytes first. */
  readonly routes: readonly RouteActivityView[]
}

/** Which routes carried most, each beside the first of them. */
export function BusiestRoutes({ routes }: BusiestRoutesProps): ReactNode {
  const most = Math.max(1, ...routes.map(bytesOf))
  return (
    <Paper className="card" p="md" component="section" aria-label="Busiest routes">
      <Title order={2}>Busiest routes</Title>
      {routes.length === 0 ? (
        <Text c="dimmed">No route was used in this time.</Text>
      ) : (
        <div className="busiest" tabIndex={0} role="region" aria-label="Busiest routes, figures">
          <table>
            <thead>
              <tr>
                <th scope="col">Route</th>
                <th scope="col">Bytes</th>
                <th scope="col">Tunnels</th>
                <th scope="col">Refused</th>
              </tr>
            </thead>
            <tbody>
              {routes.map((route) => (
                <tr key={route.route_id}>
                  <th scope="row">
                    <Link href={`/tunnels?q=${encodeURIComponent(route.name)}`}>{route.name}</Link>
                    <progress aria-hidden max={most} value={bytesOf(route)} />
                  </th>
                  <td>{formatBytes(bytesOf(route))}</td>
                  <td>{formatCount(route.tunnels_opened)}</td>
                  <td>{formatCount(route.decisions.deny)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Paper>
  )
}

function bytesOf({ bytes_up, bytes_down }: RouteActivityView): number {
  return bytes_up + bytes_down
}
