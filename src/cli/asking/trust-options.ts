import { Option, type Command } from 'commander'

/** How a command tells whom to believe on the way to a gateway, as it was given. */
export interface TrustFlags {
  readonly caFile?: string
  readonly alternateCaPath?: string
  readonly caCert?: string
  readonly disableTlsVerification?: boolean
  readonly clientCert?: string
  readonly clientKey?: string
}

/** Adds those options to a command, with the words of `postern tcp`. */
export function withTrustOptions(command: Command): Command {
  return command
    .option(
      '--ca-file <file>',
      'trust these certificate authorities (PEM) as well (also --alternate-ca-path)',
    )
    .addOption(new Option('--alternate-ca-path <file>').hideHelp())
    .option('--ca-cert <base64>', 'the same, as base64 of PEM')
    .option(
      '--disable-tls-verification',
      'believe any certificate: whoever is on the way can read everything',
    )
    .option('--client-cert <file>', 'certificate (PEM) to show to the gateway')
    .option('--client-key <file>', 'its key (PEM)')
}
