import { once } from 'node:events'
import type { Duplex } from 'node:stream'

/** Everything that comes until the other side has ended. */
export async function takeAll(way: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  way.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(way, 'end')
  return Buffer.concat(chunks)
}
