import type { ConnectorWay } from '../routes/upstream-way.ts'
import type { Link, LinkEnd } from './link.ts'

/** Every registered connection of a connector. */
export interface Links {
  /** Takes a connection onto the register, until it is disposed of. */
  add(link: Link): Disposable
  /** By tunnel, connector and index. */
  list(): readonly Link[]
  /**
   * The connections to try for a tunnel, in this order: least busy first, and one of each connector before a
   * second of any.
   *
   * @throws UpstreamError `connector-unknown` when no named tunnel is meant, or `connector-offline` when none
   * of its connectors is here; both name the tunnel
   */
  toward(way: ConnectorWay, hostname: string): readonly Link[]
  /**
   * A connection said nothing when it was asked: its whole connector may be gone. Each connection of that is asked for a
   * sign of life, and tried last until it gives one.
   */
  doubt(link: Link): void
  /** Its connector did not answer for a stream: it is tried last for a while. */
  avoid(link: Link): void
  /** Ends those that fit, before it returns, and answers them. */
  end(fits: (link: Link) => boolean, why: LinkEnd): readonly Link[]
  /**
   * Drains those that fit, and answers them: one of each connector, and the next when that one is registered
   * again, so that the others take streams meanwhile.
   */
  drain(fits: (link: Link) => boolean): readonly Link[]
}
