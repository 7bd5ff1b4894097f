import type { NamedPolicy } from '../policy/named/parse-named-policy.ts'
import type { RouteDefinition } from './definition.ts'

/** Where something stands in a file. */
interface Placed {
  /** Such as `postern.yaml:12`. */
  readonly place: string
  /** Kept there, and not in use. */
  readonly isDisabled: boolean
}

/** A route of the configuration file as it was written. */
export interface FileRoute extends Placed {
  readonly id: string
  readonly definition: RouteDefinition
}

/** A named policy of the configuration file. */
export interface FilePolicy extends Placed {
  readonly named: NamedPolicy
}
