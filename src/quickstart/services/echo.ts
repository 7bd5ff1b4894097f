import { createHash } from 'node:crypto'
import { startLoopbackService } from './loopback.ts'
import type { LoopbackService } from './loopback.ts'

/** What one connection sent, as the service saw it. */
export interface Received {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

export interface EchoOptions {
  /** Called when a client has ended its direction. */
  readonly onReceived?: (received: Received) => void
}

/** Starts a service that sends back every byte, and ends when its client has ended (RFC 862). */
export function startEcho({ onReceived }: EchoOptions = {}): Promise<LoopbackService> {
  return startLoopbackService((socket) => {
    const hash = createHash('sha256')
    let bytes = 0
    socket.on('data', (chunk: Buffer) => {
      hash.update(chunk)
      bytes += chunk.length
    })
    socket.once('end', () => onReceived?.({ bytes, sha256: hash.digest('hex') }))
    socket.pipe(socket)
  })
}
