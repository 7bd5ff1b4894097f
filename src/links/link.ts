import type { Duplex } from 'node:stream'
import type { Grant } from '../access/grant.ts'
import type { HostPort } from '../address.ts'
import type { OfferedService } from '../tunnel/connector/protocol.ts'

/** What a stream is opened for. */
export interface StreamRequest {
  readonly grant: Grant
  /** The host name that was asked for, in lower case. */
  readonly hostname: string
  /** What to dial, where the route names it; undefined: what the connector's own rules say of `hostname`. */
  readonly service: HostPort | undefined
  /** The client named `service`: it is for a bastion's own list to let it through. */
  readonly isByClient?: boolean | undefined
}

/** Why a connection of a connector has ended, or is to end. */
export type LinkEnd =
  | 'closed'
  | 'lost'
  | 'replaced'
  | 'tunnel-deleted'
  | 'tunnel-revoked'
  | 'keys-forgotten'
  | 'cut-by-operator'
  | 'shutdown'

/** One registered connection of a connector, whichever dialect it speaks. */
export interface Link {
  /** A UUID, new for each connection. */
  readonly id: string
  readonly tunnelId: string
  /** Names the process: its connections have it in common. */
  readonly connectorId: string
  readonly connIndex: number
  readonly dialect: 'postern' | 'cloudflared'
  readonly version: string
  readonly arch: string
  /** The connector's address, as the gateway sees it. */
  readonly ip: string
  readonly sinceMs: number
  /** Why it has ended, or is about to; undefined while nothing of that is known. */
  readonly endedBy?: LinkEnd | undefined
  /** What it has moved so far, TLS and all; up is towards the service. */
  readonly bytes?: { readonly up: number; readonly down: number } | undefined
  /** How many streams were opened on it, and how many could not be. */
  readonly opens?: { readonly ok: number; readonly failed: number } | undefined
  /** What the connector says it serves; undefined where it has not said it. */
  readonly services: readonly OfferedService[] | undefined
  /** How many streams are open, or being opened. */
  readonly streams: number
  /** Whether it takes new streams now: neither draining, nor lost, nor with a full window. */
  readonly isReady: boolean
  /** Its window is used up, and yet it takes streams where no other link does. */
  readonly isFull?: boolean
  /** Nothing has come since it was asked for a sign of life: the same holds. */
  readonly isSilent?: boolean
  /**
   * Opens one stream, which the caller then owns, as `Attempt.open` does.
   *
   * @throws UpstreamError `connector-…`; nothing of the stream stays then
   */
  openStream(request: StreamRequest, signal: AbortSignal): Promise<Duplex>
  /** Asks for a sign of life at once; what it answers says later whether one has come since. */
  probe(): () => boolean
  /** The grant keys that its connector says it trusts, by their thumbprints; undefined: it verifies no grants. */
  readonly grantKeys?: readonly string[]
  /**
   * Has the connector take over the grant keys of now. Resolves to whether it said so in time; one that trusts
   * none of them can open nothing, and its connection is ended.
   */
  takeGrantKey?(): Promise<boolean>
  /** Ends the connection and its streams at once. */
  end(why: LinkEnd): void
  /** Takes no new streams, and ends once the open ones have; the connector is told. `Links.drain` takes turns. */
  drain(): void
}
