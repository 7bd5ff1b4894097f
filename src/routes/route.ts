import type { Policy } from '../policy/policy.ts'
import type { UpstreamWay } from './upstream-way.ts'

/** A way from a name people use to a service, and who may take it. */
export interface Route {
  /** 16 hexadecimal digits, the same as long as `from` is: names the route in logs. */
  readonly id: string
  /** As configured, or made from `from`. */
  readonly name: string
  readonly description: string
  /** As configured, such as `tcp+https://ssh.example.com:22`. */
  readonly from: string
  /** Where it leads, and how. */
  readonly way: UpstreamWay
  readonly policy: Policy
  /** Whether those who may not use it see that it is there. */
  readonly isListed: boolean
  /** Whom to ask for access; empty when the configuration does not say. */
  readonly contact: string
  /** Whether anybody may use it without signing in. */
  readonly isPublic: boolean
  /** Longest life of a tunnel, in milliseconds; 0 for no limit. */
  readonly timeoutMs: number
  /** A tunnel without a byte either way for this long ends, in milliseconds; 0 for no limit. */
  readonly idleTimeoutMs: number
  /**
   * A tunnel whose service does not read what waits for it ends after so long without a byte either way,
   * in milliseconds; 0 for no limit.
   */
  readonly stallTimeoutMs: number
  /** Most tunnels at once, everybody's together; 0 for no limit. */
  readonly maxTunnels: number
}
