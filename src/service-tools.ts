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

/** A program for a service, as the words that start it. */
export interface ServiceProgram {
  readonly tool: ServiceTool
  /** The program's name first. */
  readonly words: readonly string[]
}

/** A command line to paste into a shell of any system: only double quotes, only where they are needed. */
export interface ServiceCommand {
  readonly tool: ServiceTool
  readonly command: string
}

/** By the port a service usually has: where it is on this machine, and the name that people ask for. */
const toolsByPort: Readonly<Record<number, (local: HostPort, host: string) => ServiceProgram[]>> = {
  // `host` is what the server's certificate is checked against, `hostaddr` where to connect.
  5432: ({ host: address, port }, host) => [
    { tool: 'psql', words: ['psql', `host=${host} hostaddr=${address} port=${port}`] },
  ],
  // Not `localhost`: the client takes that for its Unix socket.
  3306: ({ host, port }) => [
    { tool: 'mysql', words: ['mysql', `--host=${host}`, `--port=${port}`] },
  ],
  6379: ({ host, port }) => [
    { tool: 'redis-cli', words: ['redis-cli', '-h', host, '-p', `${port}`] },
  ],
  // Directly: a replica set would name its members by addresses that nobody reaches from here.
  27017: (local) => [
    {
      tool: 'mongosh',
      words: ['mongosh', `mongodb://${formatAuthority(local)}/?directConnection=true`],
    },
  ],
  1433: ({ host, port }) => [{ tool: 'sqlcmd', words: ['sqlcmd', '-S', `tcp:${host},${port}`] }],
  3389: (local) => [
    { tool: 'mstsc', words: ['mstsc', `/v:${formatAuthority(local)}`] },
    { tool: 'xfreerdp', words: ['xfreerdp', `/v:${formatAuthority(local)}`] },
  ],
}

/** What names say of services on other ports than theirs. */
const portsByWord: readonly (readonly [RegExp, number])[] = [
  [/(?<![a-z])(?:postgres(?:ql)?|pgsql)(?![a-z])/i, 5432],
  [/(?<![a-z])(?:mysql|mariadb)(?![a-z])/i, 3306],
  [/(?<![a-z])(?:redis|valkey)(?![a-z])/i, 6379],
  [/(?<![a-z])mongo(?:db)?(?![a-z])/i, 27_017],
  [/(?<![a-z])(?:mssql|sqlserver)(?![a-z])/i, 1433],
  [/(?<![a-z])(?:rdp|remote desktop)(?![a-z])/i, 3389],
  [/(?<![a-z])(?:ssh|sftp)(?![a-z])/i, 22],
]

/** Whether there is a tool for services on this port. */
export function hasServiceTool(port: number): boolean {
  return Object.hasOwn(toolsByPort, port)
}

/** The port that a service usually has which these names speak of; undefined where they say nothing. */
export function servicePortIn(names: readonly string[]): number | undefined {
  return portsByWord.find(([word]) => names.some((name) => word.test(name)))?.[1]
}

/**
 * The programs for a service that usually has this port, by where it is on this machine, an IP address; `host` is the
 * name that people ask for.
 */
export function servicePrograms(
  port: number,
  local: HostPort,
  host: string,
): readonly ServiceProgram[] {
  return hasServiceTool(port) ? (toolsByPort[port]?.(local, host) ?? []) : []
}

/** The same as command lines. */
export function serviceCommands(
  port: number,
  local: HostPort,
  host: string,
): readonly ServiceCommand[] {
  return servicePrograms(port, local, host).map(({ tool, words }) => ({
    tool,
    command: words.map(inShell).join(' '),
  }))
}

function inShell(word: string): string {
  return /^[\w@%+=:./-]+$/.test(word) ? word : `"${word}"`
}

/** Hosts, ports and origins hold nothing that a shell would read, but for the brackets of IPv6. */
export function quoted(word: string): string {
  return /[[\]]/.test(word) ? `"${word}"` : word
}
