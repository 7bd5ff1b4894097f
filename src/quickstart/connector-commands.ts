import { joinedHost, ownHost, publisherAudience } from './applications.ts'
import { leaveRunning, oneMoreTerminal, type CommandContext, type Recipe } from './commands.ts'
import { commandLine } from '../shell.ts'

export interface ConnectorContext extends Omit<CommandContext, 'knownHostsFile'> {
  /** Where the command for the user's own service listens. */
  readonly ownLocalPort: number
  /** Of a service on 127.0.0.1, in place of one of the user's own. */
  readonly servicePort: number
  /** Where the credential of a publisher goes; undefined where the program knows by itself. */
  readonly credentialFile: string | undefined
}

/** Ports that the commands listen on when they are free. */
export const preferredConnectorPorts = { localPort: 9210, ownLocalPort: 9211 } as const

/** The way to a service behind a connector, and how one of the user's own joins. */
export function connectorRecipes(context: ConnectorContext): readonly Recipe[] {
  const { localPort, ownLocalPort, servicePort } = context
  return [
    { title: leaveRunning, lines: [access(context, joinedHost, localPort)] },
    { title: oneMoreTerminal, lines: [`nc 127.0.0.1 ${localPort}`] },
    { title: `sign in to publish, for ${publisherAudience}`, lines: [login(context)] },
    {
      title: 'publish a service of yours, here the first echo; leave this running',
      lines: [join(context, servicePort)],
    },
    {
      title: 'reach it by its name; leave this running, too',
      lines: [access(context, ownHost, ownLocalPort)],
    },
    { title: oneMoreTerminal, lines: [`nc 127.0.0.1 ${ownLocalPort}`] },
  ]
}

function access(context: ConnectorContext, hostname: string, localPort: number): string {
  const where = ['--hostname', hostname, '--url', `localhost:${localPort}`]
  return commandLine(...context.program, 'access', 'tcp', ...where, ...gateway(context))
}

function login(context: ConnectorContext): string {
  return commandLine(...context.program, 'tunnel', 'login', ...gateway(context), ...kept(context))
}

/** Whom to trust is in the credential. */
function join(context: ConnectorContext, servicePort: number): string {
  const what = ['--hostname', ownHost, '--url', `tcp://127.0.0.1:${servicePort}`]
  return commandLine(...context.program, 'tunnel', ...what, ...kept(context))
}

function gateway({ gatewayUrl, caFile }: ConnectorContext): string[] {
  return ['--gateway', gatewayUrl, '--ca-file', caFile]
}

function kept({ credentialFile }: ConnectorContext): string[] {
  return credentialFile === undefined ? [] : ['--origincert', credentialFile]
}
