import { loadTrust, type Trust } from '../../reach/trust.ts'
import type { TrustFlags } from './ask-options.ts'
import type { Voice } from '../speech/voice.ts'

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
