import type { Command } from 'commander'
import type { ServiceAccountOptions } from '../credentials/given.ts'
import { withTrustOptions, type TrustFlags } from './trust-options.ts'

/** How a command that asks a gateway something reaches it, and who asks, as it was given. */
export interface AskOptions extends TrustFlags, ServiceAccountOptions {
  readonly browserCmd?: string
}

/** Adds those options to a command, with the words of `postern tcp`. */
export function withAskOptions(command: Command): Command {
  return withTrustOptions(command)
    .option(
      '--browser-cmd <program>',
      'opens the sign-in address instead of the browser: run as "PROGRAM ADDRESS"',
    )
    .option(
      '--service-account <token>',
      'token to use instead of a sign-in; other users of this machine can see it',
    )
    .option(
      '--service-account-file <file>',
      'file that "postern service-account create --output" wrote',
    )
    .option('--service-token-id <id>', 'id of a service account that has an id and a secret')
    .option('--service-token-secret <secret>', 'its secret; other users of this machine can see it')
}
