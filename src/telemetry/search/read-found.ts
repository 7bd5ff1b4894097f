import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { placeOf } from '../audit/chain.ts'
import { auditFileOf } from '../audit/list-files.ts'
import { openToRead } from '../audit/open-to-read.ts'
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
  await using file = await openToRead(join(directory, name)).catch(() => undefined)
  if (file === undefined) return []
  const found: (readonly [FoundPlace, KeptEntry])[] = []
  const spans = spansOf(rows.filter(({ bytes }) => bytes <= maxLineBytes))
  for (let at = 0; at < spans.length; at += readsAtOnce) {
    const some = spans.slice(at, at + readsAtOnce)
    for (const those of await Promise.all(some.map((span) => readSpan(file, span))))
      found.push(...those)
  }
  return found
}

/** Records that stand behind each other: a page of the newest is read at once, not one by one. */
interface Span {
  readonly offset: number
  readonly rows: readonly FoundPlace[]
  readonly bytes: number
}

/** Reads of one file that are under way together. */
const readsAtOnce = 8

function spansOf(rows: readonly FoundPlace[]): readonly Span[] {
  const spans: Span[] = []
  for (const row of rows.toSorted((one, other) => one.offset - other.offset)) {
    const last = spans.at(-1)
    // Without the newline in between.
    const end = last === undefined ? 0 : last.offset + last.bytes + 1
    if (last !== undefined && row.offset === end && last.bytes + row.bytes < maxLineBytes)
      spans[spans.length - 1] = {
        ...last,
        rows: [...last.rows, row],
        bytes: last.bytes + 1 + row.bytes,
      }
    else spans.push({ offset: row.offset, rows: [row], bytes: row.bytes })
  }
  return spans
}

async function readSpan(
  file: FileHandle,
  { offset, rows, bytes }: Span,
): Promise<readonly (readonly [FoundPlace, KeptEntry])[]> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset)
  return rows.flatMap((row) => {
    const from = row.offset - offset
    const line = buffer.subarray(from, Math.min(from + row.bytes, bytesRead))
    const place = placeOf(line)
    const entry = parseEntry(line.toString())
    const isMeant = place?.series === row.series && place.seq === row.seq
    return entry !== undefined && isMeant ? [[row, entry] as const] : []
  })
}
