import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** A file about one gateway in a folder of the cache: readable enough to delete one by hand, and safe for any file system. */
export function cachePath(cacheDirectory: string, folder: string, origin: string): string {
  const host = new URL(origin).hostname.replaceAll(/[^a-z0-9.-]/g, '_').slice(0, 100)
  const digest = createHash('sha256').update(origin).digest('hex').slice(0, 16)
  return join(cacheDirectory, folder, `${host}-${digest}.json`)
}
