import type { HostPort } from '../../address.ts'
import type { OfferedService } from '../../tunnel/connector/protocol.ts'
import { leadsTo, serviceFor } from '../offered-service.ts'

/** A service that a route names by its name, and the host name by which tunnels ask for it. */
export interface NamedService {
  /** In lower case, perhaps with a `*` for one label. */
  readonly hostname: string
  readonly service: HostPort
}

/**
 * Those that a stock connector does not serve: an address it dials when it is asked to, a name only by a rule of
 * its own for the host name that leads there.
 */
export function unservedBy(
  services: readonly OfferedService[],
  wanted: readonly NamedService[],
): readonly NamedService[] {
  return wanted.filter(({ hostname, service }) => {
    const rule = serviceFor(services, hostname.replace('*', 'any'))
    return rule === undefined || !leadsTo(rule, service)
  })
}
