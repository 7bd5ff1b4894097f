import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withPublisherOptions } from './publisher-options.ts'
import type { DeleteTunnelOptions } from './delete-run.ts'

const description = `Delete a named tunnel with its host names and their records. While connectors are connected, or routes and applications name it, it is refused, unless --force cuts them off.`

const examples = `
Examples:
  postern tunnel delete web
  postern tunnel delete --force web

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern tunnel delete`. */
export function defineDelete(exitWith: ExitWith): Command {
  return withPublisherOptions(new Command('delete'))
    .summary('delete a named tunnel with its host names')
    .description(description)
    .argument('<tunnel>', 'its name or id')
    .option('-f, --force', 'although it is in use: connectors are cut off, routes lead nowhere')
    .addHelpText('after', examples)
    .action(async (tunnel: string, options: DeleteTunnelOptions) => {
      const { runDelete } = await import('./delete-run.ts')
      exitWith(await runDelete(tunnel, options))
    })
}
