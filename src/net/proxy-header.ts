import type { Duplex } from 'node:stream'
import { decodeProxyHeader, type ProxyHeader } from './proxy-protocol.ts'

/**
 * - `absent`: the connection begins with something else; all of it can still be read
 * - `invalid`: it begins like a header, and is none
 * - `late`: what came in time is the beginning of a header, or nothing
 * - `lost`: it ended before that could be told
 */
export type FoundHeader = ProxyHeader | 'absent' | 'invalid' | 'late' | 'lost'

/** Reads the PROXY header at the start of a connection and leaves every byte behind it unread. */
export function readProxyHeader(socket: Duplex, timeoutMs: number): Promise<FoundHeader> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    const finish = (found: FoundHeader): void => {
      clearTimeout(timer)
      socket.off('readable', onReadable).off('end', onLost).off('close', onLost)
      resolve(found)
    }
    const onLost = (): void => finish('lost')
    const timer = setTimeout(() => finish('late'), timeoutMs)
    function onReadable(): void {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      received = Buffer.concat([received, chunk])
      const result = decodeProxyHeader(received)
      if (result === 'more') return
      const headerBytes = typeof result === 'string' ? 0 : result.lengthBytes
      if (headerBytes < received.length) socket.unshift(received.subarray(headerBytes))
      finish(result)
    }
    socket.on('readable', onReadable).on('end', onLost).on('close', onLost)
  })
}
