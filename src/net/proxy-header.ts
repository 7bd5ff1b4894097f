import type { Socket } from 'node:net'
import { decodeProxyHeader, type ProxyHeader } from './proxy-protocol.ts'

/**
 * Reads the PROXY header at the start of a connection and leaves every byte behind it unread.
 * Resolves to undefined when there is none, the connection ends before it, or it takes too long.
 */
export function readProxyHeader(
  socket: Socket,
  timeoutMs: number,
): Promise<ProxyHeader | undefined> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    const finish = (header: ProxyHeader | undefined): void => {
      clearTimeout(timer)
      socket.off('readable', onReadable).off('end', onLost).off('close', onLost)
      resolve(header)
    }
    const onLost = (): void => finish(undefined)
    const timer = setTimeout(onLost, timeoutMs)
    function onReadable(): void {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      received = Buffer.concat([received, chunk])
      const result = decodeProxyHeader(received)
      if (result === 'more') return
      const header = result === 'invalid' ? undefined : result
      if (header !== undefined) socket.unshift(received.subarray(header.lengthBytes))
      finish(header)
    }
    socket.on('readable', onReadable).on('end', onLost).on('close', onLost)
  })
}
