import { Command } from 'commander'
import { withAskOptions, type AskOptions } from '../asking/ask-options.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'

const examples = `
Examples:
  # the routes you may use, signing in if need be
  postern routes list https://gateway.example.com

  # those of the gateway that "postern login" has remembered, for a script
  postern routes list --json

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'denied', 'gateway', 'system'])}
`

/** Defines `postern routes`. */
export function defineRoutes(exitWith: ExitWith): Command {
  const list = new Command('list')
    .description(
      'List the routes you may use now, and those that are shown to everybody with whom to ask for access.',
    )
    .summary('list the routes you may use now')
    .argument('[gateway]', 'its name or address; the default one without it')
    .option('--json', 'print JSON on stdout')
  return new Command('routes')
    .description('The routes of a gateway.')
    .helpCommand(false)
    .addCommand(
      withAskOptions(list)
        .addHelpText('after', examples)
        .action(async (gateway: string | undefined, options: AskOptions & { json?: true }) => {
          const { listRoutes } = await import('./routes-run.ts')
          exitWith(await listRoutes(gateway, { ...options, json: options.json === true }))
        }),
    )
}
