import { Command } from 'commander'
import { parseFile } from '../asking/file-option.ts'
import { withTrustOptions } from '../asking/ask-options.ts'
import { withState } from '../commands/gateway-options.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { BlockOptions, CutOptions, RevokeOptions } from './admin-run.ts'
import type { AdminOptions } from './ask-admin.ts'

const description = `The daily work on a running gateway: its tunnels, who is signed in, who is kept out, its stored routes.
Without "--gateway" it asks the gateway of this machine, as its own user. With it, it asks any gateway as a service account that "administrators" names there.`

const examples = `
Examples:
  # what is open now, and end what somebody has open
  postern admin tunnels list -c postern.yaml
  postern admin tunnels cut -c postern.yaml --user alice@example.com

  # the same from elsewhere, as a service account
  postern admin tunnels list --gateway https://gateway.example.com \\
    --service-account-file admin.token --json

  # somebody has left: their tunnels end, and they sign in no more
  postern admin people block -c postern.yaml alice@example.com --reason "left"

  # take a stored route out of use for a while
  postern admin routes disable -c postern.yaml db-reports

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'denied', 'noRoute', 'gateway', 'system'])}
`

const run = () => import('./admin-run.ts')

/** Defines `postern admin` and its subcommands. */
export function defineAdmin(exitWith: ExitWith): Command {
  return new Command('admin')
    .description(description)
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', examples)
    .addCommand(defineTunnels(exitWith))
    .addCommand(defineSessions(exitWith))
    .addCommand(definePeople(exitWith))
    .addCommand(defineRoutes(exitWith))
}

function group(name: string, about: string): Command {
  return new Command(name).description(about).helpCommand(false)
}

function command(name: string, about: string): Command {
  return withTrustOptions(withState(new Command(name).description(about)))
    .option('--gateway <gateway>', 'ask this gateway, by name or address, as a service account')
    .option(
      '--service-account-file <file>',
      'file that "postern service-account create --output" wrote',
      parseFile,
    )
    .option('--json', 'print JSON on stdout')
}

function defineTunnels(exitWith: ExitWith): Command {
  return group('tunnels', 'Tunnels that are open now.')
    .addCommand(
      command('list', 'List them, oldest first.').action(async (options: AdminOptions) =>
        exitWith(await (await run()).listTunnels(options)),
      ),
    )
    .addCommand(
      command('cut', 'End tunnels now; their clients are told. Others may be opened right after.')
        .argument('[id]', 'one tunnel')
        .option('--route <id>', 'those of a route')
        .option('--session <id>', "those of a person's session")
        .option('--user <who>', 'those of a person, or of a service account')
        .action(async (id: string | undefined, options: CutOptions) =>
          exitWith(await (await run()).cutTunnels(id, options)),
        ),
    )
}

function defineSessions(exitWith: ExitWith): Command {
  return group('sessions', 'The sessions of people.')
    .addCommand(
      command('list', 'List who is signed in, newest first.').action(
        async (options: AdminOptions) => exitWith(await (await run()).listSessions(options)),
      ),
    )
    .addCommand(
      command('revoke', 'End sessions, and at once their tunnels. They may sign in again.')
        .argument('[id]', 'one session')
        .option('--user <who>', 'all of a person, by email address or user id')
        .action(async (id: string | undefined, options: RevokeOptions) =>
          exitWith(await (await run()).revokeSessions(id, options)),
        ),
    )
}

function definePeople(exitWith: ExitWith): Command {
  return group('people', 'Who is kept out.')
    .addCommand(
      command('block', 'Keep somebody out: tunnels and sessions end, and they sign in no more.')
        .argument('<who>', 'an email address or a user id')
        .option('--reason <text>', 'why, for whoever looks later', '')
        .action(async (who: string, options: BlockOptions) =>
          exitWith(await (await run()).blockPerson(who, options)),
        ),
    )
    .addCommand(
      command('unblock', 'Let somebody in again.')
        .argument('<who>', 'an email address or a user id')
        .action(async (who: string, options: AdminOptions) =>
          exitWith(await (await run()).unblockPerson(who, options)),
        ),
    )
    .addCommand(
      command('blocked', 'List who is kept out.').action(async (options: AdminOptions) =>
        exitWith(await (await run()).listBlocked(options)),
      ),
    )
}

function defineRoutes(exitWith: ExitWith): Command {
  const change = (action: 'enable' | 'disable', about: string): Command =>
    command(action, about)
      .argument('<id...>', 'stored routes')
      .action(async (ids: readonly string[], options: AdminOptions) =>
        exitWith(await (await run()).changeRoutes(action, ids, options)),
      )
  return group('routes', 'Routes of the configuration file and of the store.')
    .addCommand(
      command('list', 'List them, with what is wrong with them.').action(
        async (options: AdminOptions) => exitWith(await (await run()).listRoutes(options)),
      ),
    )
    .addCommand(change('enable', 'Put stored routes in use.'))
    .addCommand(change('disable', 'Take stored routes out of use: their tunnels are cut.'))
}
