import { Command, InvalidArgumentError, Option } from 'commander'
import { formatDuration, parseDuration } from '../../clock.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withConfig, withState } from './gateway-options.ts'
import type { PublishersListOptions } from './gateway-publishers.ts'
import type {
  AuditOptions,
  CheckOptions,
  GatewayOptions,
  RunGatewayOptions,
  SessionsOptions,
  StateOptions,
} from './gateway-options.ts'

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

  # who may publish services with "postern tunnel"; and somebody who no longer may, at once
  postern gateway publishers list -c postern.yaml
  postern gateway publishers revoke -c postern.yaml alice@example.com

  # encrypt the stored tokens with a new key
  postern gateway keys rotate -c postern.yaml

  # what an sshd is to trust, for the certificates of "postern access ssh-gen"
  postern gateway ssh-ca -c postern.yaml > postern-ca.pub

  # who signed in, was let in or refused, and changed something, in the last week
  postern gateway audit list -c postern.yaml --since 168h

Signals:
  SIGHUP            read the configuration again (a changed file is noticed by itself)
  SIGTERM, SIGINT   stop accepting, let tunnels finish for the grace period, then cut them; twice: at once

Exit codes:
${exitCodeLines(['ok', 'internal', 'usage', 'system'])}
`

/** Defines `postern gateway` and its subcommands. */
export function defineGateway(exitWith: ExitWith): Command {
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
      exitWith(await runGatewayCommand(options))
    })
  const grace = gateway.options.find(({ long }) => long === '--grace-period')
  grace?.default(defaultGracePeriodMs, formatDuration(defaultGracePeriodMs))
  return gateway
    .addCommand(defineCheck(exitWith))
    .addCommand(defineSessions(exitWith))
    .addCommand(definePublishers(exitWith))
    .addCommand(defineConnectors(exitWith))
    .addCommand(defineAudit(exitWith))
    .addCommand(defineKeys(exitWith))
    .addCommand(defineSshCa(exitWith))
}

function defineCheck(exitWith: ExitWith): Command {
  return withConfig(new Command('check'))
    .description(
      'Check a configuration: every problem at once, each with its place. Asks nobody and changes nothing.',
    )
    .option('--json', 'print the result as JSON on stdout')
    .action(async (options: CheckOptions, command: Command) => {
      const { checkCommand } = await import('./gateway-check.ts')
      exitWith(await checkCommand(inherited(options, command)))
    })
}

function defineSessions(exitWith: ExitWith): Command {
  const sessions = new Command('sessions').description(
    'See and end the sessions of a running gateway.',
  )
  sessions.helpCommand(false)
  const list = withState(new Command('list'))
    .description('List who is signed in.')
    .option('--json', 'print JSON on stdout')
    .action(async (options: SessionsOptions, command: Command) => {
      const { listSessions } = await import('./gateway-sessions.ts')
      exitWith(await listSessions(inherited(options, command)))
    })
  const revoke = withState(new Command('revoke'))
    .description('End sessions, and at once the tunnels that need them.')
    .argument(
      '<session-or-person>',
      'a session id, an email address (all sessions of that person), or a user id',
    )
    .action(async (who: string, options: SessionsOptions, command: Command) => {
      const { revokeSessions } = await import('./gateway-sessions.ts')
      exitWith(await revokeSessions(who, inherited(options, command)))
    })
  return sessions.addCommand(list).addCommand(revoke)
}

function definePublishers(exitWith: ExitWith): Command {
  const publishers = new Command('publishers').description(
    'See and revoke the credentials of those who publish services with "postern tunnel".',
  )
  publishers.helpCommand(false)
  const list = withState(new Command('list'))
    .description('List who may publish, to which site, and from which machine.')
    .option('--all', 'revoked and expired ones, too')
    .option('--json', 'print JSON on stdout')
    .action(async (options: PublishersListOptions, command: Command) => {
      const { listPublishers } = await import('./gateway-publishers.ts')
      exitWith(await listPublishers(inherited(options, command)))
    })
  const revoke = withState(new Command('revoke'))
    .description('Revoke credentials at once. Tunnels that were made with them stay.')
    .argument(
      '<credential-or-person>',
      'an id of the list, an email address (all credentials of that person), or a user id',
    )
    .action(async (who: string, options: StateOptions, command: Command) => {
      const { revokePublishers } = await import('./gateway-publishers.ts')
      exitWith(await revokePublishers(who, inherited(options, command)))
    })
  return publishers.addCommand(list).addCommand(revoke)
}

function defineConnectors(exitWith: ExitWith): Command {
  const connectors = new Command('connectors').description(
    'See, drain and cut the connectors that are registered at a running gateway.',
  )
  connectors.helpCommand(false)
  const list = withState(new Command('list'))
    .description('List them, by named tunnel.')
    .option('--json', 'print JSON on stdout')
    .action(async (options: SessionsOptions, command: Command) => {
      const { listConnectors } = await import('./gateway-connectors.ts')
      exitWith(await listConnectors(inherited(options, command)))
    })
  const info = withState(new Command('info'))
    .description('Show one, with its connections and what it says it serves.')
    .argument('<connector-or-tunnel>', 'the id of a connector, or a tunnel (all of its connectors)')
    .option('--json', 'print JSON on stdout')
    .action(async (which: string, options: SessionsOptions, command: Command) => {
      const { showConnector } = await import('./gateway-connectors.ts')
      exitWith(await showConnector(which, inherited(options, command)))
    })
  const cut = withState(new Command('cut'))
    .description('End its connections now, with the tunnels through them. It connects again.')
    .argument('<connector-or-tunnel>', 'the id of a connector, or a tunnel (all of its connectors)')
    .action(async (which: string, options: StateOptions, command: Command) => {
      const { cutConnectors } = await import('./gateway-connectors.ts')
      exitWith(await cutConnectors(which, inherited(options, command)))
    })
  const drain = withState(new Command('drain'))
    .description(
      'Have its connections made anew, one after the other, each when its last tunnel has ended: it finds the gateway afresh.',
    )
    .argument('<connector-or-tunnel>', 'the id of a connector, or a tunnel (all of its connectors)')
    .action(async (which: string, options: StateOptions, command: Command) => {
      const { drainConnectors } = await import('./gateway-connectors.ts')
      exitWith(await drainConnectors(which, inherited(options, command)))
    })
  return connectors.addCommand(list).addCommand(info).addCommand(drain).addCommand(cut)
}

function defineAudit(exitWith: ExitWith): Command {
  const audit = new Command('audit').description(
    'See the proof of sign-ins, sessions, decisions and changes that the gateway keeps in its state directory.',
  )
  audit.helpCommand(false)
  const list = withState(new Command('list'))
    .description('List the entries, oldest first; the gateway need not run.')
    .addOption(
      new Option('--since <time>', 'from when on: 168h, or 2026-08-20T10:00:00Z')
        .argParser(moment)
        .default(Date.now() - defaultSinceMs, '24h'),
    )
    .addOption(
      new Option('--kind <kind>', 'only these').choices([
        'sign-in',
        'session',
        'decision',
        'admin',
      ]),
    )
    .option('--json', 'print JSON on stdout, one entry a line')
    .action(async (options: AuditOptions, command: Command) => {
      const { listAudit } = await import('./gateway-audit.ts')
      exitWith(await listAudit(inherited(options, command)))
    })
  return audit.addCommand(list)
}

function defineKeys(exitWith: ExitWith): Command {
  const keys = new Command('keys').description(
    "See and change the keys by which a running gateway encrypts the provider's tokens in its database.",
  )
  keys.helpCommand(false)
  const list = withState(new Command('list'))
    .description('List the keys, the setting each comes from, and how many sessions it encrypts.')
    .option('--json', 'print JSON on stdout')
    .action(async (options: SessionsOptions, command: Command) => {
      const { listKeys } = await import('./gateway-keys.ts')
      exitWith(await listKeys(inherited(options, command)))
    })
  const rotate = withState(new Command('rotate'))
    .description(
      'Make a new key, from the first secret that the configuration names, and encrypt everything with it. Nobody is signed out. What is interrupted is finished by the next run.',
    )
    .option('--json', 'print the result as JSON on stdout')
    .action(async (options: SessionsOptions, command: Command) => {
      const { rotateKeys } = await import('./gateway-keys.ts')
      exitWith(await rotateKeys(inherited(options, command)))
    })
  const discard = withState(new Command('discard'))
    .description(
      'End the sessions whose tokens no secret of the configuration reads, and remove such signing keys, so that a gateway starts whose former secret is lost. It says what has to be done then for connectors, SSH servers and application tokens. The gateway must not run.',
    )
    .action(async (options: StateOptions, command: Command) => {
      const { discardSessions } = await import('./gateway-keys.ts')
      exitWith(await discardSessions(inherited(options, command)))
    })
  return keys.addCommand(list).addCommand(rotate).addCommand(discard)
}

function defineSshCa(exitWith: ExitWith): Command {
  return withState(new Command('ssh-ca'))
    .description(
      'Print the public keys by which an sshd knows the SSH certificates of a running gateway, for the file that its "TrustedUserCAKeys" names. The current one comes first; those before it are trusted until their last certificate is over.',
    )
    .option('--json', 'print JSON on stdout')
    .action(async (options: SessionsOptions, command: Command) => {
      const { printSshCa } = await import('./gateway-ssh-ca.ts')
      exitWith(await printSshCa(inherited(options, command)))
    })
}

/** `postern gateway -c FILE check` means the same as `postern gateway check -c FILE`. */
function inherited<T extends GatewayOptions>(options: T, command: Command): T {
  return { ...command.optsWithGlobals<T>(), ...options }
}

const defaultSinceMs = 86_400_000

function moment(text: string): number {
  const durationMs = parseDuration(text)
  const at = durationMs === undefined ? Date.parse(text) : Date.now() - durationMs
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError('must be a duration such as 168h, or a time such as 2026-08-20')
  }
  return at
}

function duration(text: string): number {
  const parsed = parseDuration(text)
  if (parsed === undefined) throw new InvalidArgumentError('must be a duration such as 30s')
  return parsed
}
