import { Option, type Command } from 'commander'
import { parseFile } from './file-option.ts'
import type { ServiceAccountOptions } from '../credentials/given.ts'

/** The options by which a gateway's certificate is judged and ours is shown, as they were given. */
export interface TrustFlags {
  readonly caFile?: string
  readonly alternateCaPath?: string
  readonly caCert?: string
  readonly disableTlsVerification?: boolean
  readonly clientCert?: string
  readonly clientKey?: string
}

/** Adds these options to a command. */
export function withTrustOptions(command: Command): Command {
  return command
    .option(
      '--ca-file <file>',
      'trust these certificate authorities (PEM) as well (also --alternate-ca-path)',
      parseFile,
    )
    .addOption(new Option('--alternate-ca-path <file>').argParser(parseFile).hideHelp())
    .option('--ca-cert <base64>', 'the same, as base64 of PEM')
    .option(
      '--disable-tls-verification',
      'believe any certificate: whoever is on the way can read everything',
    )
    .option('--client-cert <file>', 'certificate (PEM) to show to the gateway', parseFile)
    .option('--client-key <file>', 'its key (PEM)', parseFile)
}

/**
 * The options of a command that asks a gateway something: how it is reached and who asks, as they were
 * given.
 */
export interface AskOptions extends TrustFlags, ServiceAccountOptions {
  readonly browserCmd?: string
}

/** Adds these options to a command. */
export function withAskOptions(command: Command): Command {
  return withTrustOptions(command)
    .option(
      '--browser-cmd <program>',
      'opens the sign-in address instead of the browser: run as "PROGRAM ADDRESS"',
      parseFile,
    )
    .option(
      '--service-account <token>',
      'token to use instead of a sign-in; other users of this machine can see it',
    )
    .option(
      '--service-account-file <file>',
      'file that "postern service-account create --output" wrote',
      parseFile,
    )
    .option('--service-token-id <id>', 'id of a service account that has an id and a secret')
    .option('--service-token-secret <secret>', 'its secret; other users of this machine can see it')
}
