import type { GatewayInput } from '../../wire/calls.ts'
import type { ConnectionSettings } from '../../wire/connection.ts'

/** How a gateway is reached, as far as somebody says it. */
export type Reach = Omit<GatewayInput, 'gateway'>

/** What is said replaces what was there in any form; what is not said stays. */
export function withReach(settings: ConnectionSettings, reach: Reach): ConnectionSettings {
  const { ca_file, ca_cert, client_cert_file, client_key_file, client_cert, client_key } = reach
  const hasCa = ca_file !== undefined || ca_cert !== undefined
  const hasClient = client_cert_file !== undefined || client_cert !== undefined
  return {
    ...settings,
    disable_tls_verification:
      reach.disable_tls_verification === true || settings.disable_tls_verification,
    ...(hasCa && { ca_file, ca_cert }),
    ...(hasClient && { client_cert_file, client_key_file, client_cert, client_key }),
  }
}
