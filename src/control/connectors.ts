import { z } from 'zod'
import type { LiveTunnels } from '../access/live-tunnels.ts'
import { PeerError } from '../errors.ts'
import type { Link } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import type { LogFields } from '../log.ts'
import type { NamedTunnels } from '../publish/named-tunnels.ts'
import { recordChange, type Actor, type ChangeParts } from './change.ts'
import {
  parseInput,
  type ConnectorList,
  type ConnectorsCut,
  type ConnectorsDrained,
  type ConnectorsNamed,
  type ConnectorSummary,
} from './protocol.ts'

/** What the operations on connectors reach inside the running gateway. */
export interface ConnectorParts extends ChangeParts {
  readonly links: Pick<Links, 'list' | 'end' | 'drain'>
  readonly liveTunnels: Pick<LiveTunnels, 'cut'>
  readonly namedTunnels: Pick<NamedTunnels, 'find'>
}

/** Operations on connectors that are registered now. */
export interface ConnectorOperations {
  /** By tunnel and connector. */
  listConnectors(by: Actor): Promise<ConnectorList>
  /**
   * Ends the connections of a connector, or those of all connectors of a named tunnel, with the tunnels through
   * them. They come back by themselves: to keep one out, rotate or delete its tunnel. Throws `PeerError`
   * `connector-not-found`, and `malformed-request`.
   */
  cutConnectors(by: Actor, which: ConnectorsNamed): Promise<ConnectorsCut>
  /**
   * Has the connections of a connector, or of all connectors of a named tunnel, made anew: each takes no new
   * tunnels, ends with its last one, and the next of the same connector waits until it is back. Answers before
   * that. Throws as `cutConnectors`.
   */
  drainConnectors(by: Actor, which: ConnectorsNamed): Promise<ConnectorsDrained>
}

/** The longest id or name that can be one. */
const id = z.string().min(1).max(256)
const whichInput = z.union([z.strictObject({ id }), z.strictObject({ tunnel: id })])

export function connectorOperations(parts: ConnectorParts): ConnectorOperations {
  const { links, liveTunnels, namedTunnels } = parts
  return {
    async listConnectors() {
      const connectors = Map.groupBy(
        links.list(),
        ({ tunnelId, connectorId }) => `${tunnelId} ${connectorId}`,
      )
      return { connectors: [...connectors.values()].map((of) => summarize(of, namedTunnels)) }
    },
    async cutConnectors(by, input) {
      const which = parseInput(whichInput, input)
      const isMeant = fits(which, namedTunnels)
      // Before the connections end, of which whoever uses a tunnel would learn as of a loss.
      const tunnels = liveTunnels.cut(
        ({ destination: { connector } }) => connector !== undefined && isMeant(connector),
        'cut-by-operator',
      )
      const ended = links.end(isMeant, 'cut-by-operator')
      return { cut: record(by, 'connectors cut', which, ended, { tunnels: tunnels.length }) }
    },
    async drainConnectors(by, input) {
      const which = parseInput(whichInput, input)
      const drained = links.drain(fits(which, namedTunnels))
      return { drained: record(by, 'connectors drained', which, drained) }
    },
  }

  /** Answers whose connections they are. */
  function record(
    by: Actor,
    event: string,
    which: ConnectorsNamed,
    changed: readonly Link[],
    more: LogFields = {},
  ): readonly string[] {
    if (changed.length === 0) throw notFound('id' in which ? which.id : which.tunnel)
    const connectors = [...new Set(changed.map(({ connectorId }) => connectorId))]
    recordChange(parts, by, event, {
      ...('id' in which ? {} : { tunnel: which.tunnel }),
      connections: changed.length,
      ...more,
      'connector-ids': connectors,
    })
    return connectors
  }
}

function fits(
  which: ConnectorsNamed,
  namedTunnels: Pick<NamedTunnels, 'find'>,
): (connector: Pick<Link, 'connectorId' | 'tunnelId'>) => boolean {
  if ('id' in which) return ({ connectorId }) => connectorId === which.id
  const tunnelId = namedTunnels.find(which.tunnel)?.id
  return (connector) => connector.tunnelId === tunnelId
}

function summarize(
  links: readonly Link[],
  namedTunnels: Pick<NamedTunnels, 'find'>,
): ConnectorSummary {
  const [first] = links
  if (first === undefined) throw new RangeError('a connector without connections')
  const { tunnelId, connectorId, dialect, version, arch, services } = first
  const tunnel = namedTunnels.find(tunnelId)
  return {
    id: connectorId,
    tunnel: tunnel?.name ?? tunnelId,
    tunnel_id: tunnelId,
    dialect,
    version,
    arch,
    hostnames: tunnel?.hostnames ?? [],
    services:
      services?.map(({ hostname, service }) => ({ hostname: hostname ?? null, service })) ?? null,
    connections: links.map(({ id: linkId, connIndex, ip, sinceMs, streams, isReady }) => ({
      id: linkId,
      index: connIndex,
      ip,
      since: new Date(sinceMs).toISOString(),
      streams,
      ready: isReady,
    })),
  }
}

function notFound(name: string): PeerError {
  return new PeerError('connector-not-found', `there is no connector "${name}"`, {
    hint: '"postern gateway connectors list" shows those there are',
  })
}
