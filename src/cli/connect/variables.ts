import { formatAuthority, type HostPort } from '../../address.ts'
import { SystemError } from '../../errors.ts'
import { hasServiceTool, servicePortIn } from '../../service-tools.ts'
import type { Environment } from '../process/environment.ts'

/** A route as it was written for `postern run`. */
export interface NamedRoute {
  /** `NAME=ROUTE` names it, and so does the name of a route; otherwise it is called by its host. */
  readonly name: string | undefined
  readonly route: string
}

/** Reads `ROUTE` or `NAME=ROUTE`. */
export function parseNamedRoute(text: string): NamedRoute {
  const [, name, route] = /^([A-Za-z_]\w*)=(.+)$/s.exec(text) ?? []
  if (route !== undefined) return { name, route }
  return { name: /[:/]/.test(text) ? undefined : text, route: text }
}

/** A route that is open, and what it leads to. */
export interface PlacedRoute {
  readonly name: string | undefined
  readonly target: HostPort
  readonly local: HostPort
}

/**
 * The variables by which a command finds routes: `POSTERN_HOST`, `POSTERN_PORT` and `POSTERN_ADDRESS` of the first one,
 * `POSTERN_NAME_HOST` and so on of each, and for the first one of each service what its programs read. Undefined ones
 * would lead elsewhere, and are taken away.
 *
 * @throws SystemError `invalid-option` for two routes of one name
 */
export function routeVariables(routes: readonly PlacedRoute[]): Environment {
  requireOwnNames(routes)
  const [first] = routes
  const named = routes.map((route) => addressVariables(`POSTERN_${nameOf(route)}`, route.local))
  const services = routes
    .toReversed()
    .map(({ name, target, local }) => variablesOf[serviceOf(target, name)]?.(local) ?? {})
  const all = [...named, ...services, ...(first ? [addressVariables('POSTERN', first.local)] : [])]
  return Object.assign({}, ...all) as Environment
}

function addressVariables(prefix: string, { host, port }: HostPort): Environment {
  return {
    [`${prefix}_HOST`]: host,
    [`${prefix}_PORT`]: `${port}`,
    [`${prefix}_ADDRESS`]: formatAuthority({ host, port }),
  }
}

/** By the port that a service usually has. */
const variablesOf: Readonly<Record<number, (local: HostPort) => Environment>> = {
  5432: ({ host, port }) => ({
    PGHOST: host,
    PGPORT: `${port}`,
    // Both go before PGHOST (https://www.postgresql.org/docs/current/libpq-envars.html).
    PGHOSTADDR: undefined,
    PGSERVICE: undefined,
  }),
  3306: ({ host, port }) => ({ MYSQL_HOST: host, MYSQL_TCP_PORT: `${port}` }),
  6379: ({ host, port }) => ({
    REDIS_HOST: host,
    REDIS_PORT: `${port}`,
    REDIS_URL: `redis://${formatAuthority({ host, port })}`,
  }),
  27017: (local) => ({
    MONGODB_URI: `mongodb://${formatAuthority(local)}/?directConnection=true`,
  }),
  1433: ({ host, port }) => ({ SQLCMDSERVER: `tcp:${host},${port}` }),
}

function serviceOf({ host, port }: HostPort, name = host): number {
  return hasServiceTool(port) ? port : (servicePortIn([name, host]) ?? port)
}

/** The first label of its host, and all of an address. */
function nameOf({ name, target: { host } }: Pick<PlacedRoute, 'name' | 'target'>): string {
  const isAddress = /^[\d.]+$|:/.test(host)
  const word = name ?? (isAddress ? host : (host.split('.')[0] ?? host))
  return word.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')
}

/** Sees that no two routes would have the same variables. */
export function requireOwnNames(routes: readonly Pick<PlacedRoute, 'name' | 'target'>[]): void {
  const names = routes.map(nameOf)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return
  throw new SystemError('invalid-option', `two routes would be "POSTERN_${twice}_HOST"`, {
    hint: 'name them: "FIRST=ROUTE SECOND=ROUTE"',
  })
}
