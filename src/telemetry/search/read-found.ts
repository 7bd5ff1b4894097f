import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { placeOf } from '../audit/chain.ts'
import { auditFileOf } from '../audit/list-files.ts'
import { parseEntry, type KeptEntry } from '../audit/read-audit.ts'
import type { IndexRow } from './index-row.ts'

/** What of a row leads to its record. */
export type FoundPlace = Pick<IndexRow, 'series' | 'seq' | 'file' | 'offset' | 'bytes'>

/**
 * Longest line that is read for a search, in bytes: an entry is bounded far below.
 *
 * @limit a line of the audit log that a search shows: it is found without what else was kept
 */
const maxLineBytes = 1024 * 1024

/** Reads the records of rows, in their order; undefined for one that its file has lost. */
export async function readFound(
  directory: string,
  rows: readonly FoundPlace[],
): Promise<readonly (KeptEntry | undefined)[]> {
  const found = new Map<FoundPlace, KeptEntry>()
  const byFile = Map.groupBy(rows, ({ file }) => file)
  for (const [name, those] of byFile)
    for (const [row, entry] of await readFile(directory, name, those)) found.set(row, entry)
  return rows.map((row) => found.get(row))
}

async function readFile(
  directory: string,
  name: string,
  rows: readonly FoundPlace[],
): Promise<readonly (readonly [FoundPlace, KeptEntry])[]> {
  if (auditFileOf(directory, name) === undefined) return []
  await using file = await open(join(directory, name)).catch(() => undefined)
  if (file === undefined) return []
  const found: (readonly [FoundPlace, KeptEntry])[] = []
  for (const row of rows) {
    if (row.bytes > maxLineBytes) continue
    const { buffer, bytesRead } = await file.read(Buffer.alloc(row.bytes), 0, row.bytes, row.offset)
    const line = buffer.subarray(0, bytesRead)
    const place = placeOf(line)
    const entry = parseEntry(line.toString())
    if (entry !== undefined && place?.series === row.series && place.seq === row.seq)
      found.push([row, entry])
  }
  return found
}
