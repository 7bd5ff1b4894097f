import type { Json } from '../routes/definition.ts'

/** What may be kept in the store beside the configuration file. */
export type DocumentKind = 'route' | 'policy'

/** A route or a policy as it is kept: the plain data that the file could hold as well. */
export interface AccessDocument {
  readonly kind: DocumentKind
  /** Names it in logs, history and the API; unique within its kind, the file's included. */
  readonly id: string
  /** That of the last write: who writes it back names the one that was read. */
  readonly revision: number
  /** The keys of a route or of a named policy. */
  readonly body: { readonly [key: string]: Json }
  /** Kept, and not in use. */
  readonly isDisabled: boolean
  /** For finding and changing many at once; nothing reads them in a decision. */
  readonly tags: readonly string[]
  /** Milliseconds since the epoch. */
  readonly updatedAtMs: number
  /** An email address, a service account's id, or `local`. */
  readonly updatedBy: string
}
