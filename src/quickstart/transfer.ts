import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Duplex } from 'node:stream'

/** What went through a tunnel to an echo and came back. */
export interface Transfer {
  /** Each way. */
  readonly bytes: number
  readonly durationMs: number
  /** Hex, of what was sent and of what came back. */
  readonly sentSha256: string
  readonly returnedSha256: string
}

const blockBytes = 65_536

/**
 * Sends random bytes through a tunnel to an echo, reads them as they come back, and ends with it.
 * Rejects when the tunnel breaks; what came back may be too little or wrong all the same.
 */
export async function transfer(
  tunnel: Duplex,
  totalBytes: number,
  signal: AbortSignal,
): Promise<Transfer> {
  // Made and hashed before the clock runs: it is the tunnel that is measured.
  const content = randomBytes(totalBytes)
  const sentSha256 = createHash('sha256').update(content).digest('hex')
  const returned = createHash('sha256')
  const onAbort = (): void => void tunnel.destroy(new Error('stopped', { cause: signal.reason }))
  signal.addEventListener('abort', onAbort)
  const startedMs = performance.now()
  let bytes = 0
  try {
    Readable.from(blocks(content)).pipe(tunnel)
    for await (const chunk of tunnel) {
      returned.update(chunk as Buffer)
      bytes += (chunk as Buffer).length
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
  const durationMs = performance.now() - startedMs
  return { bytes, durationMs, sentSha256, returnedSha256: returned.digest('hex') }
}

function* blocks(content: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < content.length; offset += blockBytes) {
    yield content.subarray(offset, offset + blockBytes)
  }
}
