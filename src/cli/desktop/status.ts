import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'

const examples = `
Examples:
  # all connections, and the gateways they use
  postern status

  # for a script: name, state, address, bytes, last error
  postern status --json

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern status`. */
export function defineStatus(exitWith: ExitWith): Command {
  return new Command('status')
    .description('Print the saved connections and how each of them stands.')
    .argument('[names...]', 'names of connections; all of them when none is given')
    .option('--json', 'print them as JSON')
    .addHelpText('after', examples)
    .action(async (names: readonly string[], options: { readonly json?: true }) => {
      const { runStatus } = await import('./status-run.ts')
      exitWith(await runStatus(names, options))
    })
}
