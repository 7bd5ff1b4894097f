import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withPublisherOptions } from './publisher-options.ts'
import type { TokenOptions } from './token-run.ts'

const description = `Print the token of a named tunnel, with which a connector on any machine serves it. Whoever has it can be a connector of that tunnel.`

const examples = `
Examples:
  # on the machine of the service, from a file that only its user can read
  postern tunnel token --output web.token web

  # a stock cloudflared as its connector, started by the line that is printed
  postern tunnel token --for-cloudflared --service tcp://localhost:7870 web

  # a new credential: connectors with the old one are cut off
  postern tunnel token --rotate web

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern tunnel token`. */
export function defineToken(exitWith: ExitWith): Command {
  return withPublisherOptions(new Command('token'))
    .summary("a named tunnel's token, for its connectors")
    .description(description)
    .argument('<tunnel>', 'its name or id')
    .option('--output <file>', 'write the token to a file (0600) instead of showing it')
    .option('--cred-file <file>', 'write a credentials file (0600) instead')
    .option('--for-cloudflared', 'print how to start a stock cloudflared as its connector')
    .option('--service <url>', 'with it: what such connectors serve, such as tcp://localhost:7870')
    .option('--ca-file <file>', 'with it: where to write whom they are to trust')
    .option('--rotate', 'make a new one first: the old one, and connectors with it, end at once')
    .addHelpText('after', examples)
    .action(async (tunnel: string, options: TokenOptions) => {
      const { runToken } = await import('./token-run.ts')
      exitWith(await runToken(tunnel, options))
    })
}
