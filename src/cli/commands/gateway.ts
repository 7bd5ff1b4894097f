import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { durationHint, formatDuration, parseDuration } from '../../clock.ts'
import { auditKinds } from '../../telemetry/audit/keeper.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { inherited, withConfig, withState } from './gateway-options.ts'
import { defineGatewayAccounts } from './gateway-accounts.ts'
import { defineGatewayBlocks, defineGatewayRequests } from './gateway-requests.ts'
import { defineGatewayTunnels } from './gateway-tunnels.ts'
import { moment } from './moment.ts'
import { signingPurposes, type SigningPurposeName } from './signing-purposes.ts'
import { defineInit } from '../init/init.ts'
import { defineBackup, defineRestore } from './gateway-carry.ts'
import type { PublishersListOptions } from './gateway-publishers.ts'
import type {
  AuditOptions,
  CheckOptions,
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
  # make a configuration: a few questions, or options
  postern gateway init

  # run the gateway
  postern gateway -c postern.yaml

  # say what is wrong with a configuration, and nothing else
  postern gateway check postern.yaml

  # and whether it works out there, before the first person finds out
  postern gateway check --online postern.yaml

  # who is signed in, and end one person's sessions and tunnels
  postern gateway sessions list -c postern.yaml
  postern gateway sessions revoke -c postern.yaml alice@example.com

  # let somebody in who signs in with a passkey: send them the link
  postern gateway accounts invite -c postern.yaml ada@example.com

  # what is open now, and end what somebody has open
  postern gateway tunnels list -c postern.yaml --route db
  postern gateway tunnels cut -c postern.yaml alice@example.com

  # keep somebody out, at once and until you let them in again
  postern gateway blocks add -c postern.yaml alice@example.com --reason "laptop stolen"

  # who asks for access for a while, and an answer
  postern gateway requests list -c postern.yaml
  postern gateway requests approve -c postern.yaml ar-5d2c0e9f1b7a4c33

  # who may publish services with "postern tunnel"; and somebody who no longer may, at once
  postern gateway publishers list -c postern.yaml
  postern gateway publishers revoke -c postern.yaml alice@example.com

  # encrypt the stored tokens with a new key
  postern gateway keys rotate -c postern.yaml

  # sign what connectors verify with a new key, and let the former one be worth nothing
  postern gateway keys rotate -c postern.yaml connector-grant
  postern gateway keys forget -c postern.yaml connector-grant

  # copy its state while it runs, and put a copy back where none runs
  postern gateway backup -c postern.yaml /var/backups/postern-monday
  postern gateway restore -c postern.yaml /var/backups/postern-monday

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
      'Run the gateway: it listens on one HTTPS port, signs people in, decides by policy and opens tunnels. Its log goes to stdout, JSON lines where that is no terminal.',
    )
    .enablePositionalOptions()
    .option(
      '--grace-period <duration>',
      'how long tunnels may go on after SIGTERM',
      duration,
      defaultGracePeriodMs,
    )
    .addOption(
      new Option(
        '--log-format <format>',
        'what the log on stdout is for (default: human where stdout is a terminal, else json)',
      ).choices(['human', 'json']),
    )
    .addHelpText('after', examples)
    .action(async (options: RunGatewayOptions) => {
      const { runGatewayCommand } = await import('./gateway-run.ts')
      exitWith(await runGatewayCommand(options))
    })
  const grace = gateway.options.find(({ long }) => long === '--grace-period')
  grace?.default(defaultGracePeriodMs, formatDuration(defaultGracePeriodMs))
  return gateway
    .addCommand(defineInit(exitWith))
    .addCommand(defineCheck(exitWith))
    .addCommand(defineSessions(exitWith))
    .addCommand(defineGatewayAccounts(exitWith))
    .addCommand(defineGatewayTunnels(exitWith))
    .addCommand(definePublishers(exitWith))
    .addCommand(defineConnectors(exitWith))
    .addCommand(defineGatewayBlocks(exitWith))
    .addCommand(defineGatewayRequests(exitWith))
    .addCommand(defineAudit(exitWith))
    .addCommand(defineKeys(exitWith))
    .addCommand(defineSshCa(exitWith))
    .addCommand(defineBackup(exitWith))
    .addCommand(defineRestore(exitWith))
}

function defineCheck(exitWith: ExitWith): Command {
  return withConfig(new Command('check').argument('[file]', 'the same as -c'))
    .description(
      'Check a configuration: every problem at once, each with its place. Asks nobody and changes nothing, but with --online tries what the configuration leads to.',
    )
    .option(
      '--online',
      'try providers, the addresses to listen on, names, certificates, what routes lead to, receivers of the audit log, the certificate authority and DNS servers; nothing is sent to a service',
    )
    .option('--json', 'print the result as JSON on stdout')
    .addHelpText('after', `\nExit codes:\n${exitCodeLines(['ok', 'usage', 'unready'])}\n`)
    .action(async (file: string | undefined, options: CheckOptions, command: Command) => {
      const { checkCommand } = await import('./gateway-check.ts')
      exitWith(await checkCommand({ ...inherited(options, command), file }))
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
    .addOption(new Option('--kind <kind>', 'only these').choices(auditKinds))
    .option('--json', 'print JSON on stdout, one entry a line')
    .action(async (options: AuditOptions, command: Command) => {
      const { listAudit } = await import('./gateway-audit.ts')
      exitWith(await listAudit(inherited(options, command)))
    })
  return audit.addCommand(list)
}

function defineKeys(exitWith: ExitWith): Command {
  const keys = new Command('keys').description(
    'See and change the keys of a running gateway: those by which it encrypts what it stores, and those it signs with.',
  )
  keys.helpCommand(false)
  const list = withState(new Command('list'))
    .description('List the keys: without a name, those that encrypt what is stored.')
    .addArgument(whichKeys())
    .option('--json', 'print JSON on stdout')
    .action(async (which: WhichKeys, options: SessionsOptions, command: Command) => {
      const all = inherited(options, command)
      if (which === storageKeys) {
        const { listKeys } = await import('./gateway-keys.ts')
        return exitWith(await listKeys(all))
      }
      const { listSigningKeys } = await import('./gateway-signing-keys.ts')
      exitWith(await listSigningKeys(which, all))
    })
  const rotate = withState(new Command('rotate'))
    .description(
      'Make a new key. Of "stored-tokens" from the first secret that the configuration names, and everything is encrypted with it: nobody is signed out, and what is interrupted is finished by the next run. The others sign; nothing that their former keys have signed loses its worth, until these are forgotten.',
    )
    .addArgument(whichKeys())
    .option('--json', 'print the result as JSON on stdout')
    .addHelpText('after', keyMeanings)
    .action(async (which: WhichKeys, options: SessionsOptions, command: Command) => {
      const all = inherited(options, command)
      if (which === storageKeys) {
        const { rotateKeys } = await import('./gateway-keys.ts')
        return exitWith(await rotateKeys(all))
      }
      const { rotateSigningKey } = await import('./gateway-signing-keys.ts')
      exitWith(await rotateSigningKey(which, all))
    })
  const forget = withState(new Command('forget'))
    .description(
      'Forget the former keys of those that sign, at once, as when one may be known to somebody else. Make a new one first.',
    )
    .addArgument(new Argument('<which>', 'what they sign').choices(signingPurposes))
    .option('--json', 'print the result as JSON on stdout')
    .addHelpText('after', forgettingMeanings)
    .action(async (which: SigningPurposeName, options: SessionsOptions, command: Command) => {
      const { forgetSigningKeys } = await import('./gateway-signing-keys.ts')
      exitWith(await forgetSigningKeys(which, inherited(options, command)))
    })
  const discard = withState(new Command('discard'))
    .description(
      'End the sessions whose tokens no secret of the configuration reads, and remove such signing keys, so that a gateway starts whose former secret is lost. It says what has to be done then for connectors, SSH servers and application tokens. The gateway must not run.',
    )
    .action(async (options: StateOptions, command: Command) => {
      const { discardSessions } = await import('./gateway-keys.ts')
      exitWith(await discardSessions(inherited(options, command)))
    })
  return keys.addCommand(list).addCommand(rotate).addCommand(forget).addCommand(discard)
}

const storageKeys = 'stored-tokens'
type WhichKeys = typeof storageKeys | SigningPurposeName

function whichKeys(): Argument {
  return new Argument('[which]', 'which keys')
    .choices([storageKeys, ...signingPurposes])
    .default(storageKeys)
}

const keyMeanings = `
What a rotation means:
  stored-tokens      the key by which stored tokens and private keys are encrypted; nobody notices
  connector-grant    signs what connectors verify before they dial; they take the new one over by the word of the
                     former one, those that are away when they come back; no token needs replacing
  ssh-ca             signs the certificates of "postern access ssh-gen"; the new one signs once the former one is
                     forgotten, so that every sshd can be told of it before (postern gateway ssh-ca)
  application-token  signs the tokens that stock cloudflared keeps; former tokens are good until they expire
  connector-ca       the authority that stock cloudflared trusts as a connector; the new one signs once the former one is
                     forgotten, so that every connector can be given its file before
  audit              signs checkpoints of the audit log; both sign until the former one is forgotten
`

const forgettingMeanings = `
What that means:
  connector-grant    a connector that knows none but former keys ends, and needs a new token (postern tunnel token NAME)
  ssh-ca             from then on the new key signs: an sshd that was not told of it lets nobody in
  application-token  stored tokens of stock clients are worthless: their people sign in again
  connector-ca       from then on the new key signs: a stock connector without its file does not connect again
  audit              the new key alone signs checkpoints: whoever checks them needs its public part (postern audit key)
`

function defineSshCa(exitWith: ExitWith): Command {
  return withState(new Command('ssh-ca'))
    .description(
      'Print the public keys by which an sshd knows the SSH certificates of a running gateway, for the file that its "TrustedUserCAKeys" names. The current one comes first; one that was made by "keys rotate ssh-ca" signs once the former ones are forgotten.',
    )
    .option('--json', 'print JSON on stdout')
    .action(async (options: SessionsOptions, command: Command) => {
      const { printSshCa } = await import('./gateway-ssh-ca.ts')
      exitWith(await printSshCa(inherited(options, command)))
    })
}

const defaultSinceMs = 86_400_000

function duration(text: string): number {
  const parsed = parseDuration(text)
  if (parsed === undefined) {
    const [expected, hint] = ['must be a duration such as 30s', durationHint(text)]
    throw new InvalidArgumentError(hint === undefined ? expected : `${expected}: ${hint}`)
  }
  return parsed
}
