import type { NamedPolicy } from '../policy/named/parse-named-policy.ts'
import type { Json } from '../routes/definition.ts'
import type { RouteFault } from '../routes/route-findings.ts'
import type { NewRoute } from '../routes/route.ts'
import type { AccessDocument } from './document.ts'

/** Where a route or a policy is kept: what is in the file is changed there. */
export type Source =
  | { readonly kind: 'file'; readonly place: string }
  | { readonly kind: 'store'; readonly document: AccessDocument }

/** A route or a policy, in use or not. */
export interface Held {
  readonly id: string
  readonly source: Source
  /** As it was written; of the file it may hold a private key: `shownDefinition()` is for others to see. */
  readonly definition: { readonly [key: string]: Json }
  readonly isDisabled: boolean
  /** Whose administrators may see and change it, besides those of everything; undefined: in none. */
  readonly namespace: string | undefined
  /** Why it is not in use, besides being disabled; empty for what is in the file, which loads whole or not at all. */
  readonly faults: readonly RouteFault[]
  readonly warnings: readonly RouteFault[]
}

export interface HeldRoute extends Held {
  /** What tunnels are decided by; undefined where it is not in use. */
  readonly route: NewRoute | undefined
  /** Named policies that it names, whether or not there are such. */
  readonly policyNames: readonly string[]
}

export interface HeldPolicy extends Held {
  /** Undefined where it is not in use. */
  readonly named: NamedPolicy | undefined
  /** Ids of the routes that name it, disabled ones included. */
  readonly usedBy: readonly string[]
}

/** What holds: everything that the file and the store have, and what of it is in use. */
export interface Holding {
  /** Those in use, the file's first. */
  readonly routes: readonly NewRoute[]
  /** Everything, the file's first, then by id. */
  readonly heldRoutes: readonly HeldRoute[]
  readonly heldPolicies: readonly HeldPolicy[]
  /** That of all stored documents, as the store answers it. */
  readonly revision: number
}

/** What is at fault is in one too: its administrators are to see and mend it. */
export function namespaceIn(definition: Held['definition']): string | undefined {
  const namespace = definition['namespace']
  return typeof namespace === 'string' ? namespace : undefined
}
