import { Command, InvalidArgumentError } from 'commander'
import { formatDuration, parseDuration } from '../clock.ts'
import { exitCodeLines } from './exit-codes.ts'
import { withConfig, withState } from './gateway-options.ts'
import type {
  CheckOptions,
  GatewayOptions,
  RunGatewayOptions,
  SessionsOptions,
} from './gateway-options.ts'

type End = (exitCode: number) => void

/**
 * @limit time that tunnels have to finish after SIGTERM, `--grace-period`: they are cut, and
 * counted in the log
 */
const defaultGracePeriodMs = 30_000

const examples = `
Examples:
  # run the gateway
  postern gateway -c postern.yaml

  # say what is wrong with a configuration, and nothing else
  postern gateway check -c postern.yaml

  # who is signed in, and end one person's sessions and tunnels
  postern gateway sessions list -c postern.yaml
  postern gateway sessions revoke -c postern.yaml alice@example.com

Signals:
  SIGHUP            read the configuration again (a changed file is noticed by itself)
  SIGTERM, SIGINT   stop accepting, let tunnels finish for the grace period, then cut them; twice: at once

Exit codes:
${exitCodeLines(['ok', 'internal', 'usage', 'system'])}
`

/** Defines `postern gateway` and its subcommands. */
export function defineGateway(end: End): Command {
  const gateway = withConfig(new Command('gateway'))
    .description(
      'Run the gateway: it listens on one HTTPS port, signs people in, decides by policy and opens tunnels. Logs are JSON lines on stdout.',
    )
    .enablePositionalOptions()
    .option(
      '--grace-period <duration>',
      'how long tunnels may go on after SIGTERM',
      duration,
      defaultGracePeriodMs,
    )
    .addHelpText('after', examples)
    .action(async (options: RunGatewayOptions) => {
      const { runGatewayCommand } = await import('./gateway-run.ts')
      end(await runGatewayCommand(options))
    })
  const grace = gateway.options.find(({ long }) => long === '--grace-period')
  grace?.default(defaultGracePeriodMs, formatDuration(defaultGracePeriodMs))
  return gateway.addCommand(defineCheck(end)).addCommand(defineSessions(end))
}

function defineCheck(end: End): Command {
  return withConfig(new Command('check'))
    .description(
      'Check a configuration: every problem at once, each with its place. Asks nobody and changes nothing.',
    )
    .option('--json', 'print the result as JSON on stdout')
    .action(async (options: CheckOptions, command: Command) => {
      const { checkCommand } = await import('./gateway-check.ts')
      end(await checkCommand(inherited(options, command)))
    })
}

function defineSessions(end: End): Command {
  const sessions = new Command('sessions').description(
    'See and end the sessions of a running gateway.',
  )
  sessions.helpCommand(false)
  const list = withState(new Command('list'))
    .description('List who is signed in.')
    .option('--json', 'print JSON on stdout')
    .action(async (options: SessionsOptions, command: Command) => {
      const { listSessions } = await import('./gateway-sessions.ts')
      end(await listSessions(inherited(options, command)))
    })
  const revoke = withState(new Command('revoke'))
    .description('End sessions, and at once the tunnels that need them.')
    .argument(
      '<session-or-person>',
      'a session id, an email address (all sessions of that person), or a user id',
    )
    .action(async (who: string, options: SessionsOptions, command: Command) => {
      const { revokeSessions } = await import('./gateway-sessions.ts')
      end(await revokeSessions(who, inherited(options, command)))
    })
  return sessions.addCommand(list).addCommand(revoke)
}

/** `postern gateway -c FILE check` means the same as `postern gateway check -c FILE`. */
function inherited<T extends GatewayOptions>(options: T, command: Command): T {
  return { ...command.optsWithGlobals<T>(), ...options }
}

function duration(text: string): number {
  const parsed = parseDuration(text)
  if (parsed === undefined) throw new InvalidArgumentError('must be a duration such as 30s')
  return parsed
}
