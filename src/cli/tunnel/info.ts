import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withPublisherOptions, type PublisherOptions } from './publisher-options.ts'

const examples = `
Examples:
  postern tunnel info web

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern tunnel info`. */
export function defineInfo(exitWith: ExitWith): Command {
  return withPublisherOptions(new Command('info'))
    .summary('a named tunnel, its host names and connectors')
    .description('Show a named tunnel, its host names, and the connections of its connectors.')
    .argument('<tunnel>', 'its name or id')
    .addHelpText('after', examples)
    .action(async (tunnel: string, options: PublisherOptions) => {
      const { runInfo } = await import('./info-run.ts')
      exitWith(await runInfo(tunnel, options))
    })
}
