import { Command } from 'commander'

/** Defines `postern help` for the list of commands: `postern help COMMAND` is taken for `postern COMMAND --help`. */
export function defineHelp(): Command {
  return new Command('help')
    .description(
      'Print the help of a command, as "--help" behind it does; without one, the list of commands.',
    )
    .argument('[command...]', 'such as "tcp", or "gateway keys"')
}
