import type { Advice } from '../policy/decision.ts'
import type { OwnTrace } from '../policy/tracing/trace-for.ts'

/** That somebody who is signed in was refused a route, and why, in words for themselves. */
export interface Denial {
  /** The request id of the attempt. */
  readonly id: string
  readonly atMs: number
  readonly userId: string
  readonly email: string | undefined
  readonly routeId: string
  readonly routeName: string
  readonly namespace: string | undefined
  /** Whom to ask; empty when the route does not say. */
  readonly contact: string
  /** What was asked for, `host:port`. */
  readonly target: string
  /** Where it came from. */
  readonly ip: string
  readonly message: string
  readonly next: string
  /** The policy's, as codes. */
  readonly reasons: readonly string[]
  readonly advice: readonly Advice[]
  readonly trace: OwnTrace
}

/** What names a denial without making it: somebody may be refused a thousand times a second. */
export interface DenialKey extends Pick<Denial, 'id' | 'userId' | 'routeId' | 'ip' | 'message'> {
  /** That of the route it was decided by: after a change of its policy the page says what holds then. */
  readonly routeRevision: number
}

/**
 * Keeps why somebody was refused, and answers the address of the page that says so; undefined where there is none.
 * `make` is called only for what is kept.
 */
export type KeepDenial = (key: DenialKey, make: () => Omit<Denial, 'atMs'>) => URL | undefined
