import { Command } from 'commander'
import { parseFile } from '../asking/file-option.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { DownOptions } from './down-run.ts'

const examples = `
Examples:
  # everything that is up
  postern down

  # one of them, those with a tag, those of a file
  postern down orders-db
  postern down --tag staging
  postern down -f team.yaml

  # the local proxy alone
  postern down --proxy

  # and end the daemon, with the window
  postern down --quit

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern down`. */
export function defineDown(exitWith: ExitWith): Command {
  return new Command('down')
    .description(
      'Take connections and local proxies down: their tunnels end, and their local addresses are free.',
    )
    .argument(
      '[names...]',
      'names of connections; all of them, and local proxies, when none is given',
    )
    .option(
      '-f, --file <file>',
      'take down and forget the connections of a YAML file; with names or a tag, only take those of it down',
      parseFile,
    )
    .option('--tag <tag>', 'only those with this tag')
    .option('--proxy', 'close the local proxies, and nothing else unless it is named')
    .option('--quit', 'end the daemon as well')
    .addHelpText('after', examples)
    .action(async (names: readonly string[], options: DownOptions) => {
      const { runDown } = await import('./down-run.ts')
      exitWith(await runDown(names, options))
    })
}
