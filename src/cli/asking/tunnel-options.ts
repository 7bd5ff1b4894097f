import { Option, type Command } from 'commander'

/** What a tunnel may be asked for by. */
const ways = ['auto', 'connect', 'websocket']

/** Adds the options of every command that opens tunnels: how they are asked for, and how to sign in for them. */
export function withTunnelOptions(command: Command): Command {
  return command
    .option('--device-login', 'sign in by a code that is approved in a browser on another machine')
    .addOption(
      new Option(
        '--transport <way>',
        'how to ask for tunnels; "auto" is CONNECT, or a WebSocket where that does not pass',
      )
        .choices(ways)
        .default('auto'),
    )
}

/** What stderr is for. */
export function logFormatOption(): Option {
  return new Option('--log-format <format>', 'what stderr is for')
    .choices(['human', 'json'])
    .default('human')
}
