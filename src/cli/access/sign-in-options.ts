import { Option, type Command } from 'commander'
import { parseFile } from '../asking/file-option.ts'
import { withTrustOptions, type TrustFlags } from '../asking/ask-options.ts'

/** The options of a command that signs somebody in to an application, as they were given. */
export interface SignInFlags extends TrustFlags {
  readonly app?: string
  readonly gateway?: string
  readonly browserCmd?: string
  readonly device?: boolean
}

/** Adds those by which the application and its gateway are named. */
export function withApplication(command: Command): Command {
  return withTrustOptions(command)
    .option(
      '--gateway <gateway>',
      "the gateway by its name or address, when it is not at the application's own host",
    )
    .addOption(new Option('--app <url>', 'the application, instead of the argument').hideHelp())
}

/** Adds those by which a person signs in, too. */
export function withSignIn(command: Command): Command {
  return withApplication(command)
    .option(
      '--browser-cmd <program>',
      'opens the sign-in address instead of the browser: run as "PROGRAM ADDRESS"',
      parseFile,
    )
    .option('--device', 'sign in by a code that is approved in a browser on another machine')
}
