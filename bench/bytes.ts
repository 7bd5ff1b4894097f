import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'

export const orderLength = 9

/** What is sent over and over: made once, so that making it costs nothing while measuring. */
export const chunk = randomBytes(64 * 1024)

/** An order to the upstream, see `upstream.ts`. */
export function encodeOrder(operation: 'S' | 'P' | 'E' | 'N', count: number): Buffer {
  const order = Buffer.alloc(orderLength)
  order.write(operation, 'latin1')
  order.writeBigUInt64BE(BigInt(count), 1)
  return order
}

export function decodeOrder(order: Buffer): { operation: string; count: number } {
  return {
    operation: order.toString('latin1', 0, 1),
    count: Number(order.readBigUInt64BE(1)),
  }
}

/** Writes `count` bytes as fast as the stream takes them. */
export function pour(stream: Duplex, count: number): void {
  let left = count
  const more = (): void => {
    while (left > 0) {
      const part = left < chunk.length ? chunk.subarray(0, left) : chunk
      left -= part.length
      if (!stream.write(part)) {
        stream.once('drain', more)
        return
      }
    }
  }
  more()
}

/** Resolves when `count` bytes have arrived; throws them away. Rejects when the stream ends before. */
export function receive(stream: Duplex, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count
    const finish = (done: () => void): void => {
      stream.off('data', onData).off('close', onClose)
      done()
    }
    const onData = (data: Buffer): void => {
      left -= data.length
      if (left <= 0) finish(resolve)
    }
    const onClose = (): void =>
      finish(() => reject(new Error(`tunnel ended with ${left} bytes still to come`)))
    stream.on('data', onData).on('close', onClose).resume()
  })
}
