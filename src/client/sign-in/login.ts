import { createDialer } from '../../reach/dialer.ts'
import { credentialsOf, type SignInOptions } from './credentials-of.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import { createSessionApi, type TokenOwner } from './session-api.ts'

export interface Login {
  readonly token: string
  /** Without names when the gateway does not tell. */
  readonly owner: TokenOwner
  /** False when somebody was signed in already. */
  readonly isNew: boolean
}

export const nobodyKnown: TokenOwner = {
  userId: undefined,
  email: undefined,
  name: undefined,
  expiresAt: undefined,
}

/**
 * Signs in unless the token in the cache is still accepted, and keeps the new one there.
 *
 * @throws AccessError `sign-in-…`, UpstreamError `gateway-…`
 */
export async function logIn(options: SignInOptions, signal: AbortSignal): Promise<Login> {
  const dialer = createDialer(options)
  const sessions = createSessionApi(createSendToGateway(dialer))
  const credentials = credentialsOf(options, dialer, signal)
  try {
    const rejected = new Set<string>()
    const current = await credentials.current()
    if (current !== undefined) {
      const owner = await sessions.ownerOf(current, signal)
      if (owner !== undefined) return { token: current, owner, isNew: false }
      rejected.add(current)
    }
    const { token } = await credentials.renew(rejected, signal)
    return { token, owner: (await sessions.ownerOf(token, signal)) ?? nobodyKnown, isNew: true }
  } finally {
    // A sign-in that was given up lets go of its lock.
    await credentials.idle()
  }
}
