import type { Destination } from '../access/tunnel-register.ts'
import type { ConnectorWay } from '../routes/upstream-way.ts'
import type { AttemptsOf } from './way.ts'

/** Through a connector: one attempt at each connection of it that takes streams. */
export const connector: AttemptsOf<ConnectorWay> = (way, grant, { links, bastionTarget }) => {
  const hostname = grant.request.target.host.toLowerCase()
  const request = { grant, hostname, service: bastionTarget ?? way.service }
  const destination = destinationOf(way)
  return links.toward(way, hostname).map((link) => ({
    destination,
    open: (signal) => link.openStream(request, signal),
  }))
}

/** Whoever deletes a tunnel or takes its name away ends its connections; here only the route is compared. */
function destinationOf({ tunnel, service, isBastion }: ConnectorWay): Destination {
  return {
    isReachedBy: (way) =>
      way.kind === 'connector' &&
      way.tunnel === tunnel &&
      way.isBastion === isBastion &&
      way.service?.host === service?.host &&
      way.service?.port === service?.port,
  }
}
