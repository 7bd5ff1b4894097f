import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withPublisherOptions } from './publisher-options.ts'
import type { RouteDnsOptions } from './route-run.ts'

const examples = `
Examples:
  postern tunnel route dns web tcp.site.com

  # the name leads nowhere from then on, and another tunnel may have it
  postern tunnel route dns --remove web tcp.site.com

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern tunnel route` and its one subcommand. */
export function defineRoute(exitWith: ExitWith): Command {
  return new Command('route')
    .summary('lead a host name to a named tunnel')
    .description('Lead names to a named tunnel.')
    .enablePositionalOptions()
    .helpCommand(false)
    .addCommand(defineDns(exitWith))
}

function defineDns(exitWith: ExitWith): Command {
  return withPublisherOptions(new Command('dns'))
    .summary('lead a host name to a named tunnel')
    .description(
      'Register a host name below the site for a named tunnel. The gateway writes its record where the site has "dns"; otherwise it is said which record is missing.',
    )
    .argument('<tunnel>', 'its name or id')
    .argument('<hostname>', 'such as "tcp.site.com"')
    .option('--remove', 'take the name away from the tunnel')
    .addHelpText('after', examples)
    .action(async (tunnel: string, hostname: string, options: RouteDnsOptions) => {
      const { runRouteDns } = await import('./route-run.ts')
      exitWith(await runRouteDns(tunnel, hostname, options))
    })
}
