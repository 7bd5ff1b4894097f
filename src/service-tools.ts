import { formatAuthority, type HostPort } from './address.ts'

/** The programs that people use with services on well-known ports. */
export type ServiceTool =
  | 'psql'
  | 'mysql'
  | 'redis-cli'
  | 'mongosh'
  | 'sqlcmd'
  | 'mstsc'
  | 'xfreerdp'

/** A command line to paste into a shell of any system: only double quotes, only where they are needed. */
export interface ServiceCommand {
  readonly tool: ServiceTool
  readonly command: string
}

/** By the port a service usually has: where it is on this machine, and the name that people ask for. */
const toolsByPort: Readonly<Record<number, (local: HostPort, host: string) => ServiceCommand[]>> = {
  // `host` is what the server's certificate is checked against, `hostaddr` where to connect.
  5432: ({ host: address, port }, host) => [
    { tool: 'psql', command: `psql "host=${host} hostaddr=${address} port=${port}"` },
  ],
  // Not `localhost`: the client takes that for its Unix socket.
  3306: ({ host, port }) => [{ tool: 'mysql', command: `mysql --host=${host} --port=${port}` }],
  6379: ({ host, port }) => [{ tool: 'redis-cli', command: `redis-cli -h ${host} -p ${port}` }],
  // Directly: a replica set would name its members by addresses that nobody reaches from here.
  27017: (local) => [
    {
      tool: 'mongosh',
      command: `mongosh "mongodb://${formatAuthority(local)}/?directConnection=true"`,
    },
  ],
  1433: ({ host, port }) => [{ tool: 'sqlcmd', command: `sqlcmd -S "tcp:${host},${port}"` }],
  3389: (local) => [
    { tool: 'mstsc', command: `mstsc ${quoted(`/v:${formatAuthority(local)}`)}` },
    { tool: 'xfreerdp', command: `xfreerdp ${quoted(`/v:${formatAuthority(local)}`)}` },
  ],
}

/** Whether there is a tool for services on this port. */
export function hasServiceTool(port: number): boolean {
  return Object.hasOwn(toolsByPort, port)
}

/**
 * The commands for a service that usually has this port, by where it is on this machine, an IP address; `host` is the
 * name that people ask for.
 */
export function serviceCommands(
  port: number,
  local: HostPort,
  host: string,
): readonly ServiceCommand[] {
  return hasServiceTool(port) ? (toolsByPort[port]?.(local, host) ?? []) : []
}

/** Hosts, ports and origins hold nothing that a shell would read, but for the brackets of IPv6. */
export function quoted(word: string): string {
  return /[[\]]/.test(word) ? `"${word}"` : word
}
