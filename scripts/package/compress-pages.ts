import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzip } from './archive/gzip.ts'

/**
 * Compresses every file below a folder, each to its name and `.gz` (`src/built-files.ts` reads them), and takes away
 * what is no file of a page. Bun keeps what it embeds as it is, and the pages are 3 MB.
 */
export function compressPages(directory: string): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    if (entry.name !== 'made-of') writeFileSync(`${path}.gz`, gzip(readFileSync(path)))
    rmSync(path)
  }
}
