import { Option, type Command } from 'commander'
import { withAskOptions } from '../asking/ask-options.ts'

/** Adds the options of a command that opens routes for a program. */
export function withRouteOptions(command: Command): Command {
  command.option(
    '--gateway <gateway>',
    'the gateway by its name or address, instead of the default one or that of the route',
  )
  return withAskOptions(command)
    .option('--device-login', 'sign in by a code that is approved in a browser on another machine')
    .addOption(
      new Option(
        '--transport <way>',
        'how to ask for tunnels; "auto" is CONNECT, or a WebSocket where that does not pass',
      )
        .choices(['auto', 'connect', 'websocket'])
        .default('auto'),
    )
}
