import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { LogsOptions } from './logs-run.ts'

const examples = `
Examples:
  # what happened to all connections, oldest first
  postern logs

  # one connection, and what happens from now on
  postern logs orders-db --follow

  # for a script, a JSON document on each line
  postern logs --json

  # what the daemon in the background says of itself
  postern logs --daemon

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern logs`. */
export function defineLogs(exitWith: ExitWith): Command {
  return new Command('logs')
    .description('Print what happened to connections since the daemon started.')
    .argument('[names...]', 'names of connections; all of them when none is given')
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--json', 'print JSON lines')
    .option('--daemon', 'print the log file of the daemon instead')
    .addHelpText('after', examples)
    .action(async (names: readonly string[], options: LogsOptions) => {
      const { runLogs } = await import('./logs-run.ts')
      exitWith(await runLogs(names, options))
    })
}
