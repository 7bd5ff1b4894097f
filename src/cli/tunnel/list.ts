import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withPublisherOptions, type PublisherOptions } from './publisher-options.ts'

const examples = `
Examples:
  postern tunnel list
  postern tunnel list --json | jq -r '.tunnels[].name'

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern tunnel list`. */
export function defineList(exitWith: ExitWith): Command {
  return withPublisherOptions(new Command('list'))
    .summary('the named tunnels of the site')
    .description('List the named tunnels of the site, with their host names and connections.')
    .addHelpText('after', examples)
    .action(async (options: PublisherOptions) => {
      const { runList } = await import('./list-run.ts')
      exitWith(await runList(options))
    })
}
