import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { inherited, withState, type StateOptions } from './gateway-options.ts'
import type { TunnelsOptions } from './gateway-tunnels-run.ts'

const examples = `
Examples:
  # what is open now, of one route or of one person
  postern gateway tunnels list -c postern.yaml --route db
  postern gateway tunnels list -c postern.yaml --user alice@example.com --json

  # end one, all of a person, or all of a route; others may be opened right after
  postern gateway tunnels cut -c postern.yaml alice@example.com
  postern gateway tunnels cut -c postern.yaml db

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern gateway tunnels`. */
export function defineGatewayTunnels(exitWith: ExitWith): Command {
  const list = withState(new Command('list'))
    .description('List the tunnels that are open now, oldest first.')
    .option('--user <who>', 'those of a person (email address or user id), or of a service account')
    .option('--route <route>', 'those of a route, by its name or id')
    .option('--json', 'print JSON on stdout')
    .action(async (options: TunnelsOptions, command: Command) => {
      const { listTunnels } = await import('./gateway-tunnels-run.ts')
      exitWith(await listTunnels(inherited(options, command)))
    })
  const cut = withState(new Command('cut'))
    .description(
      'End tunnels now; their clients are told that whoever runs the gateway has. It keeps nobody out: see "blocks" and "sessions revoke".',
    )
    .argument(
      '<tunnel-or-person-or-route>',
      'the id of a tunnel, or whose are meant: an email address, a user id, a service account, or the name or id of a route',
    )
    .action(async (which: string, options: StateOptions, command: Command) => {
      const { cutTunnels } = await import('./gateway-tunnels-run.ts')
      exitWith(await cutTunnels(which, inherited(options, command)))
    })
  return new Command('tunnels')
    .description('See and end the tunnels that are open.')
    .helpCommand(false)
    .addHelpText('after', examples)
    .addCommand(list)
    .addCommand(cut)
}
