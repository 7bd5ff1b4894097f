import { createConnector } from '../reach/connection.ts'
import { credentialsOf, type GatewayClientOptions } from '../gateway-client.ts'
import { createSendToGateway } from '../reach/gateway-request.ts'
import { createSessionApi, type TokenOwner } from './session-api.ts'

export interface Login {
  /** Without names when the gateway does not tell. */
  readonly owner: TokenOwner
  /** False when somebody was signed in already. */
  readonly isNew: boolean
}

const nobodyKnown: TokenOwner = {
  userId: undefined,
  email: undefined,
  name: undefined,
  expiresAt: undefined,
}

/**
 * Signs in unless the token in the cache still does, and keeps the new one there.
 *
 * @throws AccessError `sign-in-…`, UpstreamError `gateway-…`
 */
export async function logIn(options: GatewayClientOptions, signal: AbortSignal): Promise<Login> {
  const { gateway, trust, log } = options
  const connector = createConnector(gateway, trust, log)
  const sessions = createSessionApi(createSendToGateway(gateway, connector))
  const credentials = credentialsOf(options, connector, signal)
  try {
    const rejected = new Set<string>()
    const current = await credentials.current()
    if (current !== undefined) {
      const owner = await sessions.ownerOf(current, signal)
      if (owner !== undefined) return { owner, isNew: false }
      rejected.add(current)
    }
    const { token } = await credentials.renew(rejected, signal)
    return { owner: (await sessions.ownerOf(token, signal)) ?? nobodyKnown, isNew: true }
  } finally {
    // A sign-in that was given up lets go of its lock.
    await credentials.idle()
  }
}
