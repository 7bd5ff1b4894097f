import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { inherited, withState } from './gateway-options.ts'
import type {
  AccountOptions,
  GroupsOptions,
  InviteOptions,
  LinkOptions,
} from './gateway-accounts-run.ts'

const examples = `
Examples:
  # let somebody in: send them the link that is printed
  postern gateway accounts invite -c postern.yaml ada@example.com --group ops

  # their devices are lost: their passkeys are removed, and a new link is printed
  postern gateway accounts reset -c postern.yaml ada@example.com

  # somebody has left: their sessions and tunnels end now
  postern gateway accounts disable -c postern.yaml ada@example.com

Exit codes:
${exitCodeLines(['ok', 'usage', 'denied', 'system'])}
`

const run = () => import('./gateway-accounts-run.ts')

/** Defines `postern gateway accounts`. */
export function defineGatewayAccounts(exitWith: ExitWith): Command {
  const invite = withLink('invite')
    .description('Invite somebody: prints a link by which they make a passkey, good once.')
    .argument('<email>', 'their email address')
    .option('--name <name>', 'their name, which they may change')
    .option('--group <group>', 'put them in this group; may be given again', addTo)
    .action(async (email: string, options: InviteOptions, command: Command) =>
      exitWith(await (await run()).inviteAccount(email, inherited(options, command))),
    )
  const list = withState(new Command('list'))
    .description('List the accounts.')
    .option('--json', 'print JSON on stdout')
    .action(async (options: AccountOptions, command: Command) =>
      exitWith(await (await run()).listAccounts(inherited(options, command))),
    )
  const reset = withLink('reset')
    .description(
      'Let somebody in again whose passkeys are lost: removes them, ends their sessions, and prints a new link.',
    )
    .argument('<account>', account)
    .action(async (who: string, options: LinkOptions, command: Command) =>
      exitWith(await (await run()).resetAccount(who, inherited(options, command))),
    )
  const groups = withState(new Command('groups'))
    .description('Say which groups somebody is in from now on; without any: in none.')
    .argument('<account>', account)
    .argument('[groups...]')
    .option('--json', 'print JSON on stdout')
    .action(
      async (who: string, named: readonly string[], options: GroupsOptions, command: Command) =>
        exitWith(await (await run()).setGroups(who, named, inherited(options, command))),
    )
  const changes = (['disable', 'enable', 'remove'] as const).map((word) =>
    withState(new Command(word))
      .description(descriptions[word])
      .argument('<account>', account)
      .option('--json', 'print JSON on stdout')
      .action(async (who: string, options: AccountOptions, command: Command) =>
        exitWith(await (await run()).changeAccount(word, who, inherited(options, command))),
      ),
  )
  const accounts = new Command('accounts')
    .description(
      'See and change the accounts of the gateway itself, whose people sign in with passkeys ("local_accounts").',
    )
    .helpCommand(false)
    .addHelpText('after', examples)
  for (const command of [invite, list, reset, ...changes, groups]) accounts.addCommand(command)
  return accounts
}

const account = 'an email address or a user id'

const descriptions = {
  disable: 'Keep somebody out: their sessions and tunnels end now, and their passkeys stay.',
  enable: 'Let somebody in again who was disabled.',
  remove: 'Remove an account with its passkeys; its sessions and tunnels end now.',
} as const

function withLink(name: string): Command {
  return withState(new Command(name))
    .option('--expires <duration>', 'how long the link is good (default: 72h)')
    .option('--json', 'print JSON on stdout')
}

function addTo(group: string, before: readonly string[] = []): readonly string[] {
  return [...before, group]
}
