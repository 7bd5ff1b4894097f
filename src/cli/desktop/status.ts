import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'

const examples = `
Examples:
  # the gateways you are signed in to, and all connections
  postern status

  # for a script: name, state, address, bytes, last error
  postern status --json

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern status`. */
export function defineStatus(exitWith: ExitWith): Command {
  return new Command('status')
    .description(
      'Print the remembered gateways, and the one of POSTERN_GATEWAY: whether each is there, how it is spoken to, who is signed in until when, and what is open by that session as the gateway knows it, here or by any other program with the same sign-in; then the saved connections and how each of them stands. It opens no browser, and waits a few seconds at most.',
    )
    .argument('[names...]', 'names of connections: then it is about these alone')
    .option('--json', 'print them as JSON')
    .addHelpText('after', examples)
    .action(async (names: readonly string[], options: { readonly json?: true }) => {
      const { runStatus } = await import('./status-run.ts')
      exitWith(await runStatus(names, options))
    })
}
