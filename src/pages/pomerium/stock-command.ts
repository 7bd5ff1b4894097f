import { parseFrom } from '../../routes/from.ts'
import type { Route } from '../../routes/route.ts'
import { quoted, type RouteWay } from '../../routes/ways.ts'

/** How our own clients name themselves; every other one asks this API as a Pomerium's. */
export function isOurClient(userAgent: string | undefined): boolean {
  return userAgent?.startsWith('postern/') === true
}

/**
 * The command that a Pomerium gives for a route: `pomerium-cli tcp HOST:PORT`, which asks for the gateway
 * on port 443 of that host, and `tcp+https://GATEWAY/HOST:PORT` for the extended form. A gateway on another
 * port is named, since no stock client would find it.
 */
export function stockCommand({ from }: Pick<Route, 'from'>, way: RouteWay): string {
  const { destination, gateway } = way
  const parsed = parseFrom(from)
  if ('gateway' in parsed && parsed.gateway !== undefined) {
    return `pomerium-cli tcp ${quoted(`tcp+${gateway}/${destination}`)}`
  }
  const option = new URL(gateway).port === '' ? '' : ` --pomerium-url ${quoted(gateway)}`
  return `pomerium-cli tcp${option} ${quoted(destination)}`
}
