import type { Command } from 'commander'
import { withAskOptions } from '../asking/ask-options.ts'
import { withTunnelOptions } from '../asking/tunnel-options.ts'

/** Adds the options of a command that opens routes for a program. */
export function withRouteOptions(command: Command): Command {
  command.option(
    '--gateway <gateway>',
    'the gateway by its name or address, instead of the default one or that of the route',
  )
  return withTunnelOptions(withAskOptions(command))
}
