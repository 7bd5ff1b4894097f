import { AppError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { createDialer, type ReachOptions } from '../../reach/dialer.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import { createSessionApi } from './session-api.ts'
import { tokenCacheFor } from './token-cache.ts'

export interface LogoutOptions extends ReachOptions {
  readonly log: Logger
  /** Where this user's caches are. */
  readonly cacheDirectory: string
}

/** How a sign-out went. In every case but the first there is no token here any more. */
export type Logout =
  | { readonly kind: 'not-signed-in' }
  /** `ended` by this, or `over` before. */
  | { readonly kind: 'ended' | 'over' }
  /** The session goes on at the gateway, though nobody here has its token any more. */
  | { readonly kind: 'left'; readonly error: AppError | undefined }

/**
 * Ends the session of the token in the cache, at the gateway and here. The token is removed even where
 * the gateway cannot be reached, or cannot end sessions.
 */
export async function logOut(options: LogoutOptions, signal: AbortSignal): Promise<Logout> {
  const cache = tokenCacheFor(options)
  const token = await cache.read()
  if (token === undefined) return { kind: 'not-signed-in' }
  // Before anything is asked: whatever happens then, the token is gone.
  await cache.forget(token)
  const sessions = createSessionApi(createSendToGateway(createDialer(options)))
  try {
    const answer = await sessions.endSession(token, signal)
    if (answer === 'refused') return { kind: 'left', error: undefined }
    return { kind: answer === 'ended' ? 'ended' : 'over' }
  } catch (error) {
    if (error instanceof AppError) return { kind: 'left', error }
    throw error
  }
}
