import type { Problem } from '../../errors.ts'
import type { RevocationFacts } from '../../port/client-certificates/revocation-list.ts'

/** What can be done in a worker: what a job is given, and what it finds, part by part. */
export interface Jobs {
  readonly 'revocation-lists': {
    /** PEM. */
    readonly input: string
    readonly part: RevocationFacts
  }
  readonly directory: {
    readonly input: { readonly source: string; readonly text: string }
    /** Groups by member, as `memberKey` writes it. */
    readonly part: readonly (readonly [member: string, groups: readonly string[]])[]
  }
}

/** What a worker says, each after it was asked for; the first unasked. */
export type WorkerAnswer<Part> =
  | { readonly kind: 'part'; readonly part: Part }
  | { readonly kind: 'done' }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly code: string | undefined
      readonly problems: readonly Problem[] | undefined
    }
