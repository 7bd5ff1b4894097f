import { parseAuthority, type HostPort } from '../address.ts'
import { mustBe, show, type Fault } from '../schema.ts'
import type { ConnectorWay } from './upstream-way.ts'
import { withoutPassword } from './without-password.ts'

/** One entry of a route's `to` that names a connector. */
export interface ParsedConnector extends Omit<ConnectorWay, 'kind'> {
  readonly scheme: 'connector'
}

/** What such an entry looks like, for messages. */
export const connectorForm =
  'connector://NAME, connector://NAME/HOST:PORT, or connector://NAME/bastion'

/** Names of tunnels, and ids, which are UUIDs: what a URL, a file name and a log line can hold. */
const tunnelName = /^[A-Za-z\d][\w.-]{0,63}$/

/** Parses what follows `connector://`; nothing: whichever tunnel has registered the name that is asked for. */
export function parseConnector(text: string, rest: string): ParsedConnector | Fault {
  if (rest.includes(',')) {
    const fault = `${show(withoutPassword(text))} has a weight: the connectors of a tunnel share its load by themselves`
    return { fault, hint: 'leave the weight out' }
  }
  const [, name = '', address] = /^([^/]*)(?:\/(.*))?$/s.exec(rest) ?? []
  if (name === '' && (address ?? '') === '') return connectorTo(undefined, undefined)
  if (!tunnelName.test(name)) return { fault: mustBe(connectorForm, withoutPassword(text)) }
  if (address === undefined || address === '') return connectorTo(name, undefined)
  if (address === 'bastion') return { ...connectorTo(name, undefined), isBastion: true }
  const service = parseAuthority(address)
  if (service !== undefined) return connectorTo(name, service)
  return {
    fault: `${show(withoutPassword(`://${address}`).slice(3))} in ${show(withoutPassword(text))} must be the HOST:PORT that the connector dials`,
  }
}

function connectorTo(tunnel: string | undefined, service: HostPort | undefined): ParsedConnector {
  return { scheme: 'connector', tunnel, service }
}

/** The one connector of a route; undefined where its upstreams are dialled. */
export function connectorOf(
  to: readonly { readonly scheme: string }[],
): ParsedConnector | undefined {
  return to.find(isConnector)
}

export function isConnector(to: { readonly scheme: string }): to is ParsedConnector {
  return to.scheme === 'connector'
}
