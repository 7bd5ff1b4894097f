import type { Json } from '../routes/definition.ts'

// What a change that is only thought of would do: plain data, as in `protocol.ts`. Times are RFC 3339.

export interface ProposedChange {
  readonly kind: 'route' | 'policy'
  /** That of one there is; a new one has it in its definition, or is given one. */
  readonly id?: string | undefined
  /** Null: it is deleted. Undefined: it says what it says, and is disabled or enabled. */
  readonly definition?: { readonly [key: string]: Json } | null | undefined
  readonly disabled?: boolean | undefined
}

export interface ReachRequest {
  readonly changes: readonly ProposedChange[]
  /** **Default:** 7 */
  readonly days?: number | undefined
}

export interface ReachedTunnelView {
  readonly id: string
  readonly route: string
  readonly target: string
  readonly who: string | null
  readonly ip: string
  readonly opened_at: string
  readonly ended: 'route-removed' | 'policy-changed' | 'route-changed'
}

export interface ReachedPersonView {
  readonly kind: 'person' | 'service-account'
  readonly who: string
  readonly route_id: string
  readonly route: string
  readonly last_used: string | null
}

export interface ReachAnswer {
  readonly routes: readonly {
    readonly id: string
    readonly name: string
    readonly change: 'added' | 'changed' | 'removed'
  }[]
  readonly tunnels: {
    readonly cut: number
    readonly open: number
    readonly items: readonly ReachedTunnelView[]
  }
  /** Null for who does not see all people: a policy of theirs could ask about each. */
  readonly gained: ReachedPeopleView | null
  readonly lost: ReachedPeopleView
  /** Names of routes that anybody may use without signing in then, and not before. */
  readonly opened_to_everybody: readonly string[]
  readonly judged_on: {
    readonly people: number
    /** Null where there is no audit log to be asked. */
    readonly decisions: number | null
    readonly days: number
  }
  readonly assumed: readonly string[]
  readonly warnings: readonly {
    readonly path: string
    readonly message: string
    readonly hint?: string
  }[]
}

export interface ReachedPeopleView {
  readonly total: number
  readonly items: readonly ReachedPersonView[]
}
