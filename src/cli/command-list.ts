import type { Command } from 'commander'
import type { ExitWith } from './process/exit-codes.ts'

/** One command of the program. Adding one is a module and a row here. */
export interface CommandEntry {
  readonly name: string
  /** Other names that it has. */
  readonly aliases?: readonly string[]
  /** One line of `postern --help`. */
  readonly summary: string
  /** Whether it runs until it is asked to end. Then it does not wait for slow readers of its output. */
  readonly staysUp?: boolean
  /** Loads what defines it; what it runs is loaded by its action. */
  load(): Promise<(exitWith: ExitWith) => Command>
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'tcp',
    summary: 'reach a TCP service through a gateway, from a local port or stdin and stdout',
    staysUp: true,
    load: async () => (await import('./commands/tcp.ts')).defineTcp,
  },
  {
    name: 'connect',
    summary: 'open the program for a route with a tunnel around it: ssh, psql, mysql, redis-cli …',
    load: async () => (await import('./connect/connect.ts')).defineConnect,
  },
  {
    name: 'run',
    summary: 'run any command with the addresses of routes in its variables, such as PGHOST',
    load: async () => (await import('./connect/run.ts')).defineRun,
  },
  {
    name: 'up',
    summary: 'bring saved connections up, each on its local address',
    staysUp: true,
    load: async () => (await import('./desktop/up.ts')).defineUp,
  },
  {
    name: 'down',
    summary: 'take connections down',
    load: async () => (await import('./desktop/down.ts')).defineDown,
  },
  {
    name: 'status',
    summary: 'the gateways, who is signed in, and how each connection stands',
    load: async () => (await import('./desktop/status.ts')).defineStatus,
  },
  {
    name: 'doctor',
    summary: 'try the way to a service step by step, and say where it ends',
    load: async () => (await import('./doctor/doctor.ts')).defineDoctor,
  },
  {
    name: 'logs',
    summary: 'what happened to connections',
    load: async () => (await import('./desktop/logs.ts')).defineLogs,
  },
  {
    name: 'access',
    aliases: ['forward'],
    summary: 'reach an application by its host name, with the options of "cloudflared access"',
    staysUp: true,
    load: async () => (await import('./access/access.ts')).defineAccess,
  },
  {
    name: 'tunnel',
    summary: 'publish services that this machine reaches, through a gateway',
    staysUp: true,
    load: async () => (await import('./tunnel/tunnel.ts')).defineTunnel,
  },
  {
    name: 'service',
    summary: 'start a connector at boot',
    load: async () => (await import('./service/service.ts')).defineService,
  },
  {
    name: 'desktop',
    summary: 'connections that you keep, in a window',
    load: async () => (await import('./desktop/desktop.ts')).defineDesktop,
  },
  {
    name: 'routes',
    summary: 'the routes you may use',
    load: async () => (await import('./commands/routes.ts')).defineRoutes,
  },
  {
    name: 'request',
    summary: 'ask for access to a route for a while',
    load: async () => (await import('./request/request.ts')).defineRequest,
  },
  {
    name: 'ssh-config',
    summary: 'the lines for ~/.ssh/config by which "ssh HOST" goes through the gateway',
    load: async () => (await import('./commands/ssh-config.ts')).defineSshConfig,
  },
  {
    name: 'login',
    summary: 'sign in to a gateway, also on a machine without a browser',
    load: async () => (await import('./commands/login.ts')).defineLogin,
  },
  {
    name: 'logout',
    summary: 'end the session and remove the sign-in from this machine',
    load: async () => (await import('./commands/logout.ts')).defineLogout,
  },
  {
    name: 'demo',
    summary: 'a gateway, a sign-in service and sample services on this machine, to try it',
    staysUp: true,
    load: async () => (await import('./demo/demo.ts')).defineDemo,
  },
  {
    name: 'gateways',
    summary: 'the gateways that "postern login" has remembered, and which one is the default',
    load: async () => (await import('./commands/gateways.ts')).defineGateways,
  },
  {
    name: 'gateway',
    summary: 'the process on the HTTPS port: signs people in, decides by policy, opens tunnels',
    staysUp: true,
    load: async () => (await import('./commands/gateway.ts')).defineGateway,
  },
  {
    name: 'service-account',
    summary:
      'credentials for programs that no person sits in front of: create, list, rotate, revoke',
    load: async () => (await import('./commands/service-account.ts')).defineServiceAccount,
  },
  {
    name: 'apply',
    summary:
      'change the routes and policies of a gateway to what a file says, and see first whom it reaches',
    load: async () => (await import('./apply/apply.ts')).defineApply,
  },
  {
    name: 'export',
    summary: 'print the routes and policies that were made in the console, as YAML',
    load: async () => (await import('./apply/apply.ts')).defineExport,
  },
  {
    name: 'admin',
    summary: 'the daily work on a running gateway: see and end tunnels and sessions, block people',
    load: async () => (await import('./admin/admin.ts')).defineAdmin,
  },
  {
    name: 'audit',
    summary: 'the proof of what happened: search it, keep its checkpoints, see that it is whole',
    load: async () => (await import('./audit/audit.ts')).defineAudit,
  },
  {
    name: 'policy',
    summary: 'test policies before somebody meets them: tests, who may use what, and why',
    load: async () => (await import('./policy/policy.ts')).definePolicy,
  },
  {
    name: 'completion',
    summary: 'the script by which a shell completes commands and options',
    load: async () => {
      const { defineCompletion } = await import('./completion/completion.ts')
      return (exitWith) => defineCompletion(exitWith, commands)
    },
  },
  {
    name: 'version',
    summary: 'the version, and what it runs on',
    load: async () => (await import('./commands/version.ts')).defineVersion,
  },
  {
    name: 'help',
    summary: 'the help of a command',
    load: async () => (await import('./commands/help.ts')).defineHelp,
  },
]
