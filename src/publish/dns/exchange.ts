import type { Socket } from 'node:net'
import type { HostPort } from '../../address.ts'
import { dial } from '../../net/dial.ts'
import { uint16 } from './message.ts'

/** @limit time for an update of a DNS server: the record is not written, and the command says so */
export const exchangeTimeoutMs = 4_000

/**
 * Sends one message over TCP (RFC 7766) and resolves to the answer. Rejects when the server cannot be reached,
 * or does not answer in time.
 */
export async function exchange(server: HostPort, message: Buffer): Promise<Buffer> {
  const signal = AbortSignal.timeout(exchangeTimeoutMs)
  const socket = await dial(server, { signal, timeoutMs: exchangeTimeoutMs })
  const giveUp = (): void => void socket.destroy(new Error('no answer in time'))
  signal.addEventListener('abort', giveUp)
  try {
    socket.write(Buffer.concat([uint16(message.length), message]))
    return await readMessage(socket)
  } finally {
    signal.removeEventListener('abort', giveUp)
    socket.destroy()
  }
}

/** RFC 1035 §4.2.2: the length, two bytes, comes first; so an answer has at most 64 KiB. */
async function readMessage(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    const all = length < 2 ? undefined : Buffer.concat(chunks)
    const wanted = all === undefined ? Infinity : 2 + all.readUInt16BE(0)
    if (all !== undefined && length >= wanted) return all.subarray(2, wanted)
  }
  throw new Error('the server closed the connection without an answer')
}
