import { createControlClient, type ControlClient } from '../../control/client.ts'
import type { ConnectorsNamed, ConnectorSummary } from '../../control/protocol.ts'
import { SystemError } from '../../errors.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { printTable, type Rows } from '../speech/table.ts'
import type { SessionsOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'

/** Prints which connectors are registered; resolves to the exit code. */
export async function listConnectors(options: SessionsOptions): Promise<number> {
  const { connectors } = await client(options).then((it) => it.listConnectors())
  if (options.json) printJson({ connectors })
  else if (connectors.length === 0) note('no connector is registered')
  else printTable(rowsOf(connectors))
  return exitCodes.ok
}

/** Prints everything about a connector, or those of a tunnel; resolves to the exit code. */
export async function showConnector(which: string, options: SessionsOptions): Promise<number> {
  const { connectors } = await client(options).then((it) => it.listConnectors())
  const found = connectors.filter(({ id, tunnel, tunnel_id }) =>
    [id, tunnel, tunnel_id].includes(which),
  )
  if (found.length === 0) throw notFound(which)
  if (options.json) printJson({ connectors: found })
  else for (const connector of found) describe(connector)
  return exitCodes.ok
}

/** Ends the connections of a connector, or of a tunnel's; resolves to the exit code. */
export async function cutConnectors(which: string, options: SessionsOptions): Promise<number> {
  const control = await client(options)
  const { cut } = await control.cutConnectors(await named(which, control))
  for (const id of cut) printLine(id)
  note(
    `cut ${count(cut)}: it connects again by itself; to keep it out, rotate or delete its tunnel`,
  )
  return exitCodes.ok
}

/** Has the connections of a connector, or of a tunnel's, made anew; resolves to the exit code. */
export async function drainConnectors(which: string, options: SessionsOptions): Promise<number> {
  const control = await client(options)
  const { drained } = await control.drainConnectors(await named(which, control))
  for (const id of drained) printLine(id)
  note(
    `draining ${count(drained)}: one connection after the other ends with its last tunnel and is made again; "postern gateway connectors info" shows how far it is`,
  )
  return exitCodes.ok
}

async function named(
  which: string,
  control: Pick<ControlClient, 'listConnectors'>,
): Promise<ConnectorsNamed> {
  const { connectors } = await control.listConnectors()
  return connectors.some(({ id }) => id === which) ? { id: which } : { tunnel: which }
}

function count(ids: readonly string[]): string {
  return ids.length === 1 ? '1 connector' : `${ids.length} connectors`
}

async function client(options: SessionsOptions) {
  return createControlClient(await findStateDirectory(options))
}

function rowsOf(connectors: readonly ConnectorSummary[]): Rows {
  const rows = connectors.map(({ id, tunnel, version, dialect, connections }) => [
    tunnel,
    `${dialect} ${version}`,
    connections[0]?.ip ?? '-',
    String(connections.length),
    String(connections.reduce((sum, { streams }) => sum + streams, 0)),
    sayTime(connections[0]?.since ?? ''),
    id,
  ])
  return [['TUNNEL', 'VERSION', 'FROM', 'CONNECTIONS', 'STREAMS', 'SINCE', 'CONNECTOR'], ...rows]
}

function describe(connector: ConnectorSummary): void {
  const { id, tunnel, tunnel_id, dialect, version, arch, hostnames, services } = connector
  printLine(`connector  ${id}`)
  printLine(`tunnel     ${tunnel} (${tunnel_id})`)
  printLine(`version    ${dialect} ${version} (${arch})`)
  printLine(`names      ${hostnames.join(', ') || 'none'}`)
  for (const { hostname, service } of services ?? [])
    printLine(`service    ${hostname ?? '*'} -> ${service}`)
  if (services === null) printLine('service    not told')
  for (const { index, ip, since, streams, ready } of connector.connections)
    printLine(
      `connection ${index} from ${ip} since ${sayTime(since)}, ${streams} streams${ready ? '' : ', takes no further ones'}`,
    )
}

function notFound(which: string): SystemError {
  return new SystemError(
    'connector-not-found',
    `there is no connector "${which}", nor one of such a tunnel`,
    {
      hint: '"postern gateway connectors list" shows those there are',
    },
  )
}
