import type { RouteKind, SampleRoute } from './routes.ts'
import { commandLine, quote } from '../shell.ts'
import { sampleUser } from './services/sample-data.ts'
import { samplePassword } from './services/ssh.ts'

/** Command lines to paste, one after the other, and what to know before. */
export interface Recipe {
  readonly title: string
  readonly lines: readonly string[]
}

export interface CommandContext {
  /** The words that run `postern`. */
  readonly program: readonly string[]
  readonly gatewayUrl: string
  readonly caFile: string
  /** Holds the SSH server's key for every name it is reached by. */
  readonly knownHostsFile: string
  /** Where the commands for this route listen. */
  readonly localPort: number
}

/** Ports that the commands listen on when they are free; 0 for any. */
export const preferredPorts: Readonly<Record<RouteKind, number>> = {
  echo: 7007,
  ssh: 2222,
  postgres: 15_432,
  own: 0,
}

/** The ways to use a route, the shortest first. */
export function recipesFor(route: SampleRoute, context: CommandContext): readonly Recipe[] {
  return recipes[route.kind](route, context)
}

export const leaveRunning = 'through a local port; leave this running'
export const oneMoreTerminal = 'then in one more terminal'

const recipes: Readonly<
  Record<RouteKind, (route: SampleRoute, context: CommandContext) => readonly Recipe[]>
> = {
  echo: ({ authority }, context) => [
    {
      title: 'in one line',
      lines: [`echo hello through the gateway | ${tcp(context, authority, '-')}`],
    },
    localPort(authority, context),
    { title: oneMoreTerminal, lines: [`nc 127.0.0.1 ${context.localPort}`] },
  ],
  ssh: ({ authority }, context) => [
    {
      title: `in one line; any user, password "${samplePassword}"`,
      lines: [
        commandLine('ssh', ...proxyCommand(context), ...knownHosts(context), sshHost(authority)),
      ],
    },
    localPort(authority, context),
    {
      title: oneMoreTerminal,
      lines: [
        commandLine(
          'ssh',
          ...knownHosts(context),
          '-p',
          String(context.localPort),
          'demo@127.0.0.1',
        ),
      ],
    },
  ],
  postgres: ({ authority }, context) => [
    localPort(authority, context),
    { title: oneMoreTerminal, lines: [psql(context)] },
  ],
  own: ({ authority, to }, context) => [
    localPort(authority, context),
    {
      title: oneMoreTerminal,
      lines: [wellKnown[to.port]?.(context) ?? `nc 127.0.0.1 ${context.localPort}`],
    },
  ],
}

/** Programs that people use with services on these ports. */
const wellKnown: Readonly<Record<number, (context: CommandContext) => string>> = {
  22: ({ localPort }) => commandLine('ssh', '-p', String(localPort), '127.0.0.1'),
  3306: ({ localPort }) =>
    commandLine('mariadb', '--protocol=tcp', '-h', '127.0.0.1', '-P', String(localPort)),
  5432: ({ localPort }) => commandLine('psql', '-h', '127.0.0.1', '-p', String(localPort)),
  6379: ({ localPort }) => commandLine('redis-cli', '-h', '127.0.0.1', '-p', String(localPort)),
}

function localPort(authority: string, context: CommandContext): Recipe {
  const listen = `127.0.0.1:${context.localPort}`
  return { title: leaveRunning, lines: [tcp(context, authority, listen)] }
}

function psql({ localPort }: CommandContext): string {
  const url = `postgresql://${sampleUser}@127.0.0.1:${localPort}/postgres?sslmode=disable`
  return commandLine('psql', url, '-c', 'select * from customers')
}

function tcp({ program, gatewayUrl, caFile }: CommandContext, to: string, listen: string): string {
  const options = ['--gateway', gatewayUrl, '--ca-file', caFile, '--listen', listen]
  return commandLine(...program, 'tcp', ...options, to)
}

/** ssh replaces `%h` and `%p`, and `%%` by `%`; a shell reads what comes out. */
function proxyCommand(context: CommandContext): string[] {
  const words = [
    ...context.program,
    'tcp',
    '--gateway',
    context.gatewayUrl,
    '--ca-file',
    context.caFile,
    '--listen',
    '-',
  ]
  const escaped = words.map((word) => quote(word).replaceAll('%', '%%')).join(' ')
  return ['-o', `ProxyCommand=${escaped} %h:%p`]
}

/** A list of files, which ssh splits at blanks. */
function knownHosts({ knownHostsFile }: CommandContext): string[] {
  const escaped = knownHostsFile.replaceAll('%', '%%')
  return ['-o', `UserKnownHostsFile=${/\s/.test(escaped) ? `"${escaped}"` : escaped}`]
}

function sshHost(authority: string): string {
  return `demo@${authority.slice(0, authority.lastIndexOf(':'))}`
}

/** The lines of `known_hosts` for every name that these commands reach the SSH server by. */
export function formatKnownHosts(authority: string, localPort: number, hostKey: string): string {
  const host = authority.slice(0, authority.lastIndexOf(':'))
  return `${host} ${hostKey}\n[127.0.0.1]:${localPort} ${hostKey}\n`
}
