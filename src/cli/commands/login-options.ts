import type { TrustFlags } from '../asking/trust-options.ts'

/** The options of `postern login` as they were given. */
export interface LoginOptions extends TrustFlags {
  readonly device?: boolean
  readonly browserCmd?: string
  readonly json?: boolean
}

/** The options of `postern logout` as they were given. */
export interface LogoutOptions extends TrustFlags {
  readonly json?: boolean
}
