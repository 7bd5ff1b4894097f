import { Option, type Command } from 'commander'
import { loadTrust, type Trust } from '../client/trust.ts'
import type { Voice } from './voice.ts'

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

/**
 * Reads what these options name, and warns of the dangerous one.
 *
 * @throws SystemError `certificate-unreadable` or `client-key-missing`
 */
export async function trustOf(flags: TrustFlags, voice: Voice): Promise<Trust> {
  const trust = await loadTrust({
    caFile: flags.caFile ?? flags.alternateCaPath,
    caCertBase64: flags.caCert,
    disableTlsVerification: flags.disableTlsVerification,
    clientCertFile: flags.clientCert,
    clientKeyFile: flags.clientKey,
  })
  if (!trust.isVerified) {
    voice.warn(
      "the gateway's certificate is not checked: whoever is on the way can read and change everything",
    )
  }
  return trust
}
