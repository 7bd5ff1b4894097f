import type { StateOptions } from './gateway-options.ts'

export interface ListOptions extends StateOptions {
  /** Revoked ones, too. */
  readonly all?: boolean
  readonly json?: boolean
}

export interface CredentialOptions extends StateOptions {
  /** A file for the credential, instead of showing it. */
  readonly output?: string
  readonly json?: boolean
  /** Null for never. */
  readonly expires?: Date | null
}

export interface CreateOptions extends CredentialOptions {
  readonly description: string
  readonly format: 'jwt' | 'id-secret'
}

export interface RotateOptions extends CredentialOptions {
  /** Milliseconds. */
  readonly keepOld: number
}
