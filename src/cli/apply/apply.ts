import { Command, Option } from 'commander'
import { withTrustOptions } from '../asking/ask-options.ts'
import { parseFile } from '../asking/file-option.ts'
import { withState } from '../commands/gateway-options.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { ApplyOptions, ExportOptions } from './apply-options.ts'

const applyExamples = `
Examples:
  # what a file of routes and policies would change, and whom that reaches
  postern apply -f routes.yaml --dry-run -c postern.yaml

  # change it: what is not in the file stays
  postern apply -f routes.yaml --yes -c postern.yaml

  # from CI, with the credential of a service account that administers
  POSTERN_SERVICE_ACCOUNT_FILE=ci.token \\
    postern apply -f routes.yaml --prune --yes --gateway https://gateway.example.com

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'denied', 'gateway', 'system'])}

Without "--yes" and "--dry-run" it is 2 as well where there is something to change.
`

const exportExamples = `
Examples:
  # keep in git what was made in the console
  postern export -c postern.yaml > routes.yaml

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'denied', 'gateway', 'system'])}
`

/** Where the gateway is: on this machine, or somewhere. */
function withWhere(command: Command): Command {
  return withTrustOptions(
    withState(command).option(
      '--gateway <gateway>',
      'ask this gateway instead of the one that runs here, with the credential of a service account',
    ),
  )
    .addOption(
      new Option(
        '--service-account-file <file>',
        'file that "postern service-account create --output" wrote',
      ).argParser(parseFile),
    )
    .option('--json', 'print JSON on stdout')
}

/** Defines `postern apply`. */
export function defineApply(exitWith: ExitWith): Command {
  return withWhere(new Command('apply'))
    .description(
      'Make the routes and policies that a gateway keeps beside its configuration file what a file says: all of it, or nothing. Prints the differences and their reach first.',
    )
    .requiredOption('-f, --file <file>', 'YAML with "routes" and "policies"', parseFile)
    .option('--dry-run', 'only say what would change')
    .option('--yes', 'change it; without this it is only printed, and the exit code is 2')
    .option('--prune', 'delete what is kept and not in the file')
    .option('--note <text>', 'a word for the history, such as a commit')
    .addHelpText('after', applyExamples)
    .action(async (options: ApplyOptions) => {
      const { applyAccess } = await import('./apply-run.ts')
      exitWith(await applyAccess(options))
    })
}

/** Defines `postern export`. */
export function defineExport(exitWith: ExitWith): Command {
  return withWhere(new Command('export'))
    .description(
      'Print the routes and policies that a gateway keeps beside its configuration file, as YAML that "postern apply" and a configuration file take.',
    )
    .option('--all', 'those of the configuration file, too, without private keys')
    .addHelpText('after', exportExamples)
    .action(async (options: ExportOptions) => {
      const { exportAccess } = await import('./apply-run.ts')
      exitWith(await exportAccess(options))
    })
}
