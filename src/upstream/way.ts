import type { Duplex } from 'node:stream'
import type { Grant } from '../access/grant.ts'
import type { HostPort } from '../address.ts'
import type { Clock } from '../clock.ts'
import type { Destination } from '../access/tunnel-register.ts'
import type { Links } from '../links/links.ts'
import type { dial } from '../net/dial.ts'
import type { UpstreamWay } from '../routes/upstream-way.ts'

/** What ways are opened with. */
export interface WayParts {
  readonly dial: typeof dial
  /** The connections of connectors. */
  readonly links: Pick<Links, 'toward' | 'doubt' | 'avoid'>
  /** What is meant behind a bastion; undefined on every other way. */
  readonly bastionTarget?: HostPort | undefined
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly random: () => number
  /** What this gateway calls itself towards others, in `Via` (RFC 9110 §7.6.3). */
  readonly ownName: string
  /** Longest wait for the answer of a next gateway, in milliseconds; default 30 s. */
  readonly answerTimeoutMs?: number | undefined
}

/** One place that a way leads to. */
export interface Attempt {
  readonly destination: Destination
  /**
   * Opens a stream for one tunnel, which the caller then owns: it allows half-open, and keeps back what it is
   * not asked for. When this fails, or `signal` is aborted first, nothing of it stays open.
   *
   * @throws UpstreamError
   */
  open(signal: AbortSignal): Promise<Duplex>
}

/**
 * One kind of way: what to try for a tunnel, in this order, until one opens. A kind is a file of this folder
 * and a line in `ways.ts`.
 *
 * @throws UpstreamError for a tunnel that may not go this way
 */
export type AttemptsOf<Way extends UpstreamWay> = (
  way: Way,
  grant: Grant,
  parts: WayParts,
) => Iterable<Attempt>
