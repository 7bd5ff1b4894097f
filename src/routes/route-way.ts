import { hasServiceTool, serviceCommands, type ServiceTool } from '../service-tools.ts'

/** One command line, and the program that somebody types it for. */
export interface RouteCommand {
  /** `postern` opens a local port; the others use the service. */
  readonly tool: 'postern' | 'ssh' | ServiceTool
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
  /** `postern connect`, where it knows the program for this port; undefined where it does not. */
  readonly open?: string | undefined
  /** `postern tcp` with a local port that the system chooses; of an application, with the one that `commands` have. */
  readonly connect: string
  /** In the order in which they are typed; the last ones are alternatives where the tool differs. */
  readonly commands: readonly RouteCommand[]
}

/** Added to the service's port for a local one: its own may belong to a server of this machine. */
const familiarOffset = 10_000

/** The local port that people know for a service on this one; undefined where no tool is known for it. */
export function familiarPortOf(service: number | undefined): number | undefined {
  const isKnown = service !== undefined && hasServiceTool(service)
  return isKnown ? service + familiarOffset : undefined
}

/** The tools for a service on this port, by a local one; `host` is the name that people ask for. */
export function toolsOf(
  port: number | undefined,
  localPort: number,
  host: string,
): readonly RouteCommand[] {
  if (port === undefined) return []
  return serviceCommands(port, { host: '127.0.0.1', port: localPort }, host)
}
