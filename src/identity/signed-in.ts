import type { SessionClient } from '../store/store.ts'
import type { Claims } from './person.ts'
import type { TokenSet } from './provider.ts'

/** Somebody whom the provider vouched for. */
export interface SignedIn {
  readonly userId: string
  /** The id of the provider, and its issuer. */
  readonly provider: string
  readonly issuer: string
  readonly tokens: TokenSet
  readonly claims: Claims
  /** The host of a machine that was signed in by a code. */
  readonly device?: string | undefined
  /** The address of the browser, or of the machine that was signed in by a code. */
  readonly address?: string | undefined
  readonly client?: SessionClient | undefined
}
