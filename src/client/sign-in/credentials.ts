import { AccessError } from '../../errors.ts'

/** A token that the gateway has made for us. */
export interface FreshToken {
  readonly token: string
  /** Whether it is of the session that was to be prolonged, and was; false for one of another session. */
  readonly isProlonged: boolean
}

/** A token, and whether the gateway made it just now for us. */
export interface Renewed extends FreshToken {
  readonly isFresh: boolean
}

/** Where the token of a tunnel comes from. */
export interface Credentials {
  /** The token to try first; undefined to ask without one. */
  current(): Promise<string | undefined>
  /**
   * Another token after the gateway asked for a sign-in.
   *
   * @throws AccessError when there is none to be had
   */
  renew(rejected: ReadonlySet<string>, signal: AbortSignal): Promise<Renewed>
  /**
   * Another token by a further sign-in, although the gateway takes this one: the gateway prolongs its
   * session, where it can and the same person signs in.
   *
   * @throws AccessError when there is none to be had
   */
  prolong(token: string | undefined, signal: AbortSignal): Promise<Renewed>
  /** The gateway rejected even a fresh token: keep it no longer. */
  forget(token: string): Promise<void>
  /** Resolves when no sign-in is under way any more. Never rejects. */
  idle(): Promise<void>
}

/** A service account's token, as it was given: never kept, never renewed. */
export function serviceAccount(token: string): Credentials {
  return {
    current: () => Promise.resolve(token),
    renew: () =>
      Promise.reject(
        new AccessError(
          'service-account-rejected',
          'the gateway does not accept this service account',
          {
            hint: 'it may have expired or been revoked, or belong to another gateway',
          },
        ),
      ),
    prolong: () =>
      Promise.reject(
        new AccessError(
          'service-account-not-renewed',
          'a service account has no session to renew',
          {
            hint: 'whoever runs the gateway can give its credential another end',
          },
        ),
      ),
    forget: () => Promise.resolve(),
    idle: () => Promise.resolve(),
  }
}

/**
 * Tokens of other processes that are tried before the answer counts as final.
 *
 * @limit tokens of other processes tried for one tunnel: the answer counts as final
 */
const maxAttempts = 4
/**
 * Asks with the token there is, and after each "sign in" (an answer that is undefined) with another.
 *
 * @throws AccessError `sign-in-rejected` when even a fresh one does not do
 */
export async function withToken<Answer>(
  credentials: Credentials,
  signal: AbortSignal,
  ask: (token: string | undefined) => Promise<Answer | undefined>,
): Promise<Answer> {
  const rejected = new Set<string>()
  let token = await credentials.current()
  let isFresh = false
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const answer = await ask(token)
    if (answer !== undefined) return answer
    if (token !== undefined) rejected.add(token)
    if (isFresh) break
    ;({ token, isFresh } = await credentials.renew(rejected, signal))
  }
  if (token !== undefined) await credentials.forget(token)
  throw new AccessError(
    'sign-in-rejected',
    'the gateway asks for a sign-in again right after one',
    {
      hint: 'whoever runs the gateway can see why in its log',
    },
  )
}
