import type { Policy } from '../policy/policy.ts'
import type { RouteRequests } from './approval.ts'
import type { RouteDefinition } from './definition.ts'
import type { ToldProtocol } from '../tell/protocols.ts'
import type { UpstreamWay } from './upstream-way.ts'

/** A way from a name people use to a service, and who may take it; in no table yet. */
export interface NewRoute extends RouteRequests {
  /** As configured, or 16 hexadecimal digits, the same as long as `from` is: names the route in logs. */
  readonly id: string
  /** The same where it was made of the same: of its definition, its files and how policies are read. */
  readonly fingerprint: string
  readonly definition: RouteDefinition
  /** Whether it is kept in the store; what stands in the file goes before it. */
  readonly isStored?: true
  /** As configured, or made from `from`. */
  readonly name: string
  readonly description: string
  /** As configured, such as `tcp+https://ssh.example.com:22`. */
  readonly from: string
  /** Where it leads, and how. */
  readonly way: UpstreamWay
  readonly policy: Policy
  /** Whether a WebSocket upgrade on any path of its host is a tunnel to it; `from` has port 443 then. */
  readonly isApplication: boolean
  /** Whether those who may not use it see that it is there. */
  readonly isListed: boolean
  /** Whom to ask for access; empty when the configuration does not say. */
  readonly contact: string
  /** Whose administrators may change it, besides those of everything; undefined: in no namespace. */
  readonly namespace?: string | undefined
  /** Longest life of a tunnel, in milliseconds; 0 for no limit. */
  readonly timeoutMs: number
  /** A tunnel without a byte either way for this long ends, in milliseconds; 0 for no limit. */
  readonly idleTimeoutMs: number
  /**
   * A tunnel whose service does not read what waits for it ends after so long without a byte either way,
   * in milliseconds; 0 for no limit.
   */
  readonly stallTimeoutMs: number
  /** In which protocol the client of a tunnel that is cut is told why; undefined: in none. */
  readonly tell?: ToldProtocol | undefined
  /** Most tunnels at once, everybody's together; 0 for no limit. */
  readonly maxTunnels: number
}

/** A route of a table. */
export interface Route extends NewRoute {
  /** Grows with every change: two forms that a route has had never share one. */
  readonly revision: number
}

/** Whom to ask about a route, as it stands in a sentence; only for people who are signed in. */
export function whomToAsk({ contact }: Pick<NewRoute, 'contact'>): string {
  return contact === '' ? 'whoever runs this gateway' : contact
}
