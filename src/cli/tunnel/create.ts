import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withPublisherOptions } from './publisher-options.ts'
import type { CreateTunnelOptions } from './create-run.ts'

const description = `Make a named tunnel of the site that "postern tunnel login" chose, and keep its credential for connectors on this machine in ~/.postern/ID.json (0600).`

const examples = `
Examples:
  postern tunnel create web

  # for a script: its id and the file
  postern tunnel create --json web

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern tunnel create`. */
export function defineCreate(exitWith: ExitWith): Command {
  return withPublisherOptions(new Command('create'))
    .summary('make a named tunnel')
    .description(description)
    .argument('<name>', 'what to call it: letters, digits, ".", "_" and "-"')
    .option('--credentials-file <file>', 'keep its credential there instead')
    .addHelpText('after', examples)
    .action(async (name: string, options: CreateTunnelOptions) => {
      const { runCreate } = await import('./create-run.ts')
      exitWith(await runCreate(name, options))
    })
}
