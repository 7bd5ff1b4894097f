import { Command, InvalidArgumentError, Option } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { parseDays, parseExpiry } from '../credentials/expiry.ts'
import { withState, type StateOptions } from './gateway-options.ts'
import type { CreateOptions, ListOptions, RotateOptions } from './service-account-run.ts'

const description = `Credentials for programs that no person sits in front of: a nightly backup, a build. They are changed through the running gateway, by its own user.
A service account is let in by "authenticated_user" and by "user" with its id, and by nothing that is about people: no email, domain, groups or claim.`

const examples = `
Examples:
  # a service account whose token goes to a file, for a policy with
  # user: {is: nightly-backup}
  postern service-account create nightly-backup -c postern.yaml \\
    --expires 90d --output backup.token

  # the program that has the file
  postern tcp --service-account-file backup.token db.corp.example.com:5432

  # an id and a secret instead of a token
  postern service-account create ci -c postern.yaml \\
    --format id-secret --output ci.env

  # a new credential; the old one goes on for a day
  postern service-account rotate nightly-backup -c postern.yaml \\
    --keep-old 1d --output backup.token

  # who there is; and one that ends now, with its tunnels
  postern service-account list -c postern.yaml
  postern service-account revoke nightly-backup -c postern.yaml

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern service-account` and its subcommands. */
export function defineServiceAccount(exitWith: ExitWith): Command {
  return new Command('service-account')
    .description(description)
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', examples)
    .addCommand(defineCreate(exitWith))
    .addCommand(defineList(exitWith))
    .addCommand(defineRotate(exitWith))
    .addCommand(defineRevoke(exitWith))
}

function defineCreate(exitWith: ExitWith): Command {
  return withCredential(new Command('create'))
    .description('Create one, and show its credential, this once.')
    .argument('<id>', 'what policies call it, such as "nightly-backup"')
    .option('--description <text>', 'one line for the list', '')
    .addOption(
      new Option('--format <format>', 'a token, or an id and a secret')
        .choices(['jwt', 'id-secret'])
        .default('jwt'),
    )
    .option('--expires <when>', `${expiryForms} (default: never)`, expiry)
    .action(async (id: string, options: CreateOptions) => {
      const { createServiceAccount } = await import('./service-account-run.ts')
      exitWith(await createServiceAccount(id, options))
    })
}

function defineList(exitWith: ExitWith): Command {
  return withState(new Command('list'))
    .description('List those there are.')
    .option('--all', 'revoked ones, too: their ids stay reserved')
    .option('--json', 'print JSON on stdout')
    .action(async (options: ListOptions) => {
      const { listServiceAccounts } = await import('./service-account-run.ts')
      exitWith(await listServiceAccounts(options))
    })
}

function defineRotate(exitWith: ExitWith): Command {
  const rotate = withCredential(new Command('rotate'))
    .description('Make a new credential; the old one, and the tunnels opened with it, end at once.')
    .argument('<id>', 'the service account')
    .option('--keep-old <duration>', 'let the old credential go on for so long', keepOld, 0)
    .option('--expires <when>', `${expiryForms} (default: as before)`, expiry)
    .action(async (id: string, options: RotateOptions) => {
      const { rotateServiceAccount } = await import('./service-account-run.ts')
      exitWith(await rotateServiceAccount(id, options))
    })
  rotate.options.find(({ long }) => long === '--keep-old')?.default(0, 'not at all')
  return rotate
}

function defineRevoke(exitWith: ExitWith): Command {
  return withState(new Command('revoke'))
    .description('End one, and at once its tunnels.')
    .argument('<id>', 'the service account')
    .action(async (id: string, options: StateOptions) => {
      const { revokeServiceAccount } = await import('./service-account-run.ts')
      exitWith(await revokeServiceAccount(id, options))
    })
}

function withCredential(command: Command): Command {
  return withState(command)
    .option('--output <file>', 'write the credential to a file (0600) instead of showing it')
    .option('--json', 'print JSON on stdout')
}

const expiryForms = 'when it ends: a duration such as 90d, a date (UTC), or "never"'

/** Not null for never: commander makes an empty text of it. */
function expiry(text: string): Date | 'never' {
  const parsed = parseExpiry(text, Date.now())
  if (parsed !== undefined) return parsed ?? 'never'
  throw new InvalidArgumentError(
    'must be a duration such as 90d, a date such as 2027-03-01, or never',
  )
}

function keepOld(text: string): number {
  const parsed = parseDays(text)
  if (parsed === undefined) throw new InvalidArgumentError('must be a duration such as 1h or 7d')
  return parsed
}
