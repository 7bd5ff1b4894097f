import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { Store } from '../store/store.ts'
import { idAndSecretFromHeaders } from './credential-headers.ts'
import { createServiceAccountTokens } from './service-account-token.ts'
import { createServiceAccounts } from './service-accounts.ts'
import type { ServiceAccounts } from './service-accounts.ts'
import type { LiveCaller } from './session.ts'
import { tokenFromHeaders } from './tokens.ts'
import type { Headers } from './tokens.ts'

/** Who is it, among service accounts: all there is to ask on a gateway without a provider. */
export interface ServiceAccountIdentity {
  readonly serviceAccounts: ServiceAccounts
  /** Whose token or id and secret these headers carry; undefined without one that is good. */
  fromHeaders(headers: Headers): Promise<LiveCaller | undefined>
}

export interface ServiceAccountIdentityOptions {
  readonly store: Pick<Store, 'serviceAccounts' | 'feed'>
  /** Signs their tokens. */
  readonly key: Uint8Array
  /** Tokens of these are good as well. */
  readonly formerKeys: readonly Uint8Array[]
  /** Host of the authenticate service, which tokens name; undefined where there is none. */
  readonly host: string | undefined
  readonly clock: Clock
  readonly log: Logger
  /** Whether somebody is signed in whom the provider knows by this id. */
  isSignedIn(userId: string): Promise<boolean>
}

export function createServiceAccountIdentity(
  options: ServiceAccountIdentityOptions,
): ServiceAccountIdentity {
  const { key, formerKeys, host, clock } = options
  const tokens = createServiceAccountTokens(host, key, clock, formerKeys)
  const serviceAccounts = createServiceAccounts({ ...options, tokens })
  return {
    serviceAccounts,
    async fromHeaders(headers) {
      const token = tokenFromHeaders(headers)
      const presented =
        token === undefined ? idAndSecretFromHeaders(headers) : await tokens.read(token)
      return presented && serviceAccounts.authenticate(presented)
    },
  }
}
