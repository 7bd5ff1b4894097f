import { createHash } from 'node:crypto'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Remembers across runs that only a WebSocket passes to one gateway, so that no start pays for CONNECT. */
export interface TransportMemory {
  prefersWebSocket(): Promise<boolean>
  rememberWebSocket(): Promise<void>
  forget(): Promise<void>
}

/**
 * How long it is believed, in milliseconds: edges change, and CONNECT is the better way.
 *
 * @limit how long the way that worked is remembered: CONNECT is tried first again
 */
const maxAgeMs = 24 * 60 * 60_000

/**
 * Opens the memory for one gateway: a file in a directory of mode 0700, whose being there and whose age
 * say all. Where it cannot be written, every run finds out again.
 */
export function openTransportMemory(
  directory: string,
  origin: string,
  now: () => number = Date.now,
): TransportMemory {
  const path = join(directory, fileName(origin))
  return {
    async prefersWebSocket() {
      try {
        const ageMs = now() - (await stat(path)).mtimeMs
        // One from the future is as good as none.
        return ageMs >= -1_000 && ageMs < maxAgeMs
      } catch {
        return false
      }
    },
    async rememberWebSocket() {
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        await writeFile(path, '', { mode: 0o600 })
      } catch {
        // The next run finds out again.
      }
    },
    forget: () => rm(path, { force: true }).catch(() => undefined),
  }
}

/** Readable enough to delete one by hand, and safe for any file system. */
function fileName(origin: string): string {
  const host = new URL(origin).hostname.replaceAll(/[^a-z0-9.-]/g, '_').slice(0, 100)
  return `${host}-${createHash('sha256').update(origin).digest('hex').slice(0, 16)}.websocket`
}
