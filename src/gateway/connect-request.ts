import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { CutCode } from '../tunnel/cut.ts'
import type { Answer } from '../pages/answers/answer.ts'
import type { Client } from '../net/client.ts'

/** What is known of a CONNECT besides the request itself. */
export interface ConnectContext {
  readonly requestId: string
  readonly client: Client
}

/**
 * One CONNECT, whichever HTTP version it came by. Exactly one of `accept` and `refuse` is called, and
 * `abandon` where that fails.
 */
export interface ConnectRequest extends ConnectContext {
  /** A WebSocket carries a CONNECT where CONNECT itself does not pass. */
  readonly transport: 'http/1.1' | 'h2' | 'websocket'
  /** A WebSocket upgrade at an application's host, in the form of stock clients; they show no answer's text. */
  readonly atApplication?: boolean
  /** Path and query of that upgrade, which say nothing of where it leads. */
  readonly path?: string | undefined
  /** The target as it was sent: nothing has been checked. */
  readonly authority: string
  readonly headers: Readonly<IncomingHttpHeaders>
  /** What the HTTP version itself finds wrong with the request, one sentence. */
  readonly fault: string | undefined
  /** Aborted when the client is gone before it was answered. */
  readonly signal: AbortSignal
  /**
   * Answers 200; from then on the stream carries the tunnel's bytes and is the caller's. A transport that can
   * say so tells the client by which of `CutCode` it was cut, when it is destroyed.
   */
  accept(cutBy: () => CutCode | undefined): Duplex
  /** Answers with a refusal and ends the request in order; whatever the client still sends is dropped. */
  refuse(answer: Answer): void
  /** Lets go of the request without an answer. */
  abandon(): void
}
