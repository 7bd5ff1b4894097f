import { AccessError } from '../../errors.ts'

/** A token, and whether the gateway made it just now for us. */
export interface Renewed {
  readonly token: string
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
    forget: () => Promise.resolve(),
    idle: () => Promise.resolve(),
  }
}
