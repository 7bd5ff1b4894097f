import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { createFloodWatch } from '../../net/http2-flood.ts'
import { onArrival } from '../../net/runtime.ts'
import { connectionWindowBytes, streamWindows } from './windows.ts'

/** What a stream needs besides its grant and its bytes: the rest of its head, its end or reset; in bytes. */
const streamOverheadBytes = 256

/** Judges what comes on a connection besides its streams' bytes. */
export interface ConnectionMeter {
  /** The head of a stream came, with so many bytes of a grant. */
  head(bytes: number): void
  /** What comes on this stream is what connections are for. */
  add(stream: Duplex): void
  /** It is a tunnel, whose other side may fill the window before it hears that it is over. */
  opened(stream: Duplex): void
}

/** Calls `onFlood` once, where the other side says far more than what it sends on streams. */
export function meterConnection(socket: TLSSocket, onFlood: () => void): ConnectionMeter {
  const flood = createFloodWatch({ underWayBytes: connectionWindowBytes }).begin(socket, onFlood)
  return {
    head: (bytes) => flood.received(bytes + streamOverheadBytes),
    add: (stream) => onArrival(stream, { onBytes: flood.received }),
    opened: (stream) => void stream.once('close', () => flood.over(streamWindows.maxWindowBytes)),
  }
}
