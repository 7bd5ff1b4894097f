import type { Socket } from 'node:net'

/** Why the gateway ended a connection without a tunnel, or an answer outside of one. */
export type EvictionCause =
  | 'stalled'
  | 'timeout'
  | 'pipelined'
  | 'address-limit'
  | 'total-limit'
  | 'memory'
  | 'descriptors'
  | 'flood'
  | 'renegotiation'

/** One connection of the port, from its first byte on. */
export interface Peer {
  /** The TCP connection beneath it. */
  readonly connection: Socket
  /** Empty until `from` told it. */
  readonly ip: string
  /** False once it was closed, by whichever side. */
  readonly isOpen: boolean
  /** How many requests outside of tunnels are under way. */
  readonly exchanges: number
  /**
   * Says which address the client has, as told by the PROXY header; from now on the connection counts among
   * those of this address.
   */
  from(ip: string): void
  /** It made progress, so it is now the last in line to be closed. */
  progressed(): void
  /** A CONNECT is under way or a tunnel open, until it is disposed of. */
  carryTunnel(): Disposable
  /** A request outside of tunnels and its answer. */
  beginExchange(parts: ExchangeParts): Exchange
  /** Names the HTTP/2 session that runs on it: it is destroyed with the connection. */
  destroyWith(upper: { destroy(): void }): void
  /** Ends the connection at once, and reports why. */
  close(cause: EvictionCause): void
}

export interface ExchangeParts {
  /** What the request itself holds now: its head, and what of its body nobody has read; in bytes. */
  requestBytes(): number
  /** Whether the next step is the peer's: to send more of a body, to take more of an answer. */
  isPeersTurn(): boolean
  /** Ends this exchange alone, where its connection carries a tunnel as well. */
  reset(): void
}

/** One request outside of tunnels and its answer, as far as it costs something. */
export interface Exchange {
  /** Why the gateway ended it; undefined while it did not. */
  readonly endedBy: EvictionCause | undefined
  /** A byte of the request came, or one of the answer left. */
  progressed(): void
  /** How many bytes of the answer wait for their reader now. */
  hold(bytes: number): void
  /** It is over; calling it again does nothing. */
  end(): void
}
