/** One command line, and the program that somebody types it for. */
export interface RouteCommand {
  /** `postern` opens a local port; the others use the service. */
  readonly tool: 'postern' | 'ssh' | 'psql' | 'mysql' | 'redis-cli' | 'mstsc' | 'xfreerdp'
  /** To paste into a shell of any system: only double quotes, only where they are needed. */
  readonly command: string
}

/** How a destination of a route is reached from a terminal. */
export interface RouteWay {
  /** `host:port`, as `postern tcp` takes it once the placeholders are replaced. */
  readonly destination: string
  /** The gateway to ask, such as `https://gateway.example.com`. */
  readonly gateway: string
  /** Words that stand for what the route leaves open: `NAME` for a star, `PORT` for any port. */
  readonly placeholders: readonly string[]
  /** `postern tcp` with a local port that the system chooses; of an application, with the one that `commands` have. */
  readonly connect: string
  /** In the order in which they are typed; the last ones are alternatives where the tool differs. */
  readonly commands: readonly RouteCommand[]
}

/** Added to the service's port for a local one: its own may belong to a server of this machine. */
const familiarOffset = 10_000

/** By the port a service usually has. */
const toolsByPort: Readonly<Record<number, (localPort: number, host: string) => RouteCommand[]>> = {
  // `host` is what the server's certificate is checked against, `hostaddr` where to connect.
  5432: (port, host) => [
    { tool: 'psql', command: `psql "host=${host} hostaddr=127.0.0.1 port=${port}"` },
  ],
  // Not `localhost`: the client takes that for its Unix socket.
  3306: (port) => [{ tool: 'mysql', command: `mysql --host=127.0.0.1 --port=${port}` }],
  6379: (port) => [{ tool: 'redis-cli', command: `redis-cli -h 127.0.0.1 -p ${port}` }],
  3389: (port) => [
    { tool: 'mstsc', command: `mstsc /v:127.0.0.1:${port}` },
    { tool: 'xfreerdp', command: `xfreerdp /v:127.0.0.1:${port}` },
  ],
}

/** The local port that people know for a service on this one; undefined where no tool is known for it. */
export function familiarPortOf(service: number | undefined): number | undefined {
  const isKnown = service !== undefined && Object.hasOwn(toolsByPort, service)
  return isKnown ? service + familiarOffset : undefined
}

/** The tools for a service on this port, by a local one; `host` is the name that people ask for. */
export function toolsOf(
  port: number | undefined,
  localPort: number,
  host: string,
): readonly RouteCommand[] {
  return port === undefined ? [] : (toolsByPort[port]?.(localPort, host) ?? [])
}

/** Hosts, ports and origins hold nothing that a shell would read, but for the brackets of IPv6. */
export function quoted(word: string): string {
  return /[[\]]/.test(word) ? `"${word}"` : word
}
