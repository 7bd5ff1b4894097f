import { stat } from 'node:fs/promises'
import { systemCode } from '../../errors.ts'
import { emptyChain, lineHash, placeOf } from '../audit/chain.ts'
import type { AuditSeries } from '../audit/keeper.ts'
import { readLines } from '../audit/lines.ts'
import { listAuditFiles, type AuditFile } from '../audit/list-files.ts'
import { parseEntry } from '../audit/read-audit.ts'
import type { ForwardedRecord, SeriesPlace } from './record.ts'

/** Some records of a series, in their order. */
export interface RecordBatch {
  readonly series: AuditSeries
  readonly records: readonly ForwardedRecord[]
  /** Where each of them begins in the file of `next`. */
  readonly offsets: readonly number[]
  /** Where it begins, and where the next one does. */
  readonly from: SeriesPlace
  readonly next: SeriesPlace
  /** Records that were gone before they could be read, and lines that are no record. */
  readonly dropped: number
}

/** @limit none: records of the audit log that are sent at once; the next ones follow */
const maxRecords = 500
/** Nothing more is added to a batch from this size on, in bytes. */
const fullBatchBytes = 256 * 1024

/**
 * Reads on in a series, which may be written meanwhile; undefined when there is nothing more. Without a place it
 * begins with the oldest record that is kept.
 *
 * A place holds for as long as the line there names the hash of the one before. Where it does not, the file is not
 * the one that was left: it is read from its beginning, and a record may be sent twice, but none is left out.
 */
export async function readRecords(
  directory: string,
  series: AuditSeries,
  place: SeriesPlace | undefined,
): Promise<RecordBatch | undefined> {
  // Listed before it is read: a file with one behind it is written no more, so that its end is its end.
  const files = (await listAuditFiles(directory)).filter((file) => file.series === series)
  for (const file of filesFrom(files, place)) {
    const batch = await readFile(file, place)
    if (batch !== undefined) return batch
  }
  return undefined
}

function filesFrom(files: readonly AuditFile[], place: SeriesPlace | undefined): AuditFile[] {
  const index = files.findIndex(({ name }) => name === place?.file)
  if (index >= 0 || place === undefined) return files.slice(Math.max(index, 0))
  // Its file is gone: go on with those behind it.
  const isBehind = ({ name }: AuditFile): boolean => orderOf(name) > orderOf(place.file)
  return files.filter(isBehind)
}

/** Names of one series in their order as text, also beyond 9,999 files of a day. */
function orderOf(name: string): string {
  return name.replace(/(\d+)\.jsonl$/, (_, number: string) => number.padStart(15, '0'))
}

async function readFile(
  file: AuditFile,
  place: SeriesPlace | undefined,
): Promise<RecordBatch | undefined> {
  const start = place ?? { file: file.name, offset: 0, seq: 0, hash: emptyChain.hash }
  const isSame = place?.file === file.name
  try {
    const batch = await readFrom(file, start, isSame ? start.offset : 0)
    const isAnother = isSame && (batch === undefined ? await isShorter(file, start) : !batch.fits)
    if (!isAnother) return batch
    return await readFrom(file, start, (await endOf(file, start.hash)) ?? 0)
  } catch (error) {
    // Retention has removed it meanwhile.
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function isShorter({ path }: AuditFile, { offset }: SeriesPlace): Promise<boolean> {
  return (await stat(path)).size < offset
}

/** Where the line with this hash ends. */
async function endOf({ path }: AuditFile, hash: string): Promise<number | undefined> {
  for await (const lines of readLines(path)) {
    const found = lines.find(({ bytes }) => lineHash(bytes) === hash)
    if (found !== undefined) return found.offset + found.bytes.length + 1
  }
  return undefined
}

type ReadBatch = RecordBatch & {
  /** Whether its first line follows that of the place. */
  readonly fits: boolean
}

async function readFrom(
  { path, name, series }: AuditFile,
  place: SeriesPlace,
  offset: number,
): Promise<ReadBatch | undefined> {
  const records: ForwardedRecord[] = []
  const offsets: number[] = []
  let from: SeriesPlace | undefined
  let next: SeriesPlace = { ...place, file: name, offset }
  let [fits, dropped, bytes] = [true, 0, 0]
  for await (const lines of readLines(path, offset)) {
    for (const line of lines) {
      // It is being written, or what was killed while writing left it.
      if (!line.isWhole) continue
      const at = placeOf(line.bytes)
      const text = line.bytes.toString()
      const entry = parseEntry(text)
      if (from === undefined) {
        fits = at === undefined ? entry !== undefined : at.prev === place.hash
        from = fits ? next : { ...next, seq: (at?.seq ?? 1) - 1, hash: at?.prev ?? next.hash }
        // A new destination has missed nothing, and a chain that was begun anew has no numbers in common.
        if (place.seq > 0 && at !== undefined && !fits)
          dropped += Math.max(0, at.seq - place.seq - 1)
      }
      if (entry === undefined) dropped += 1
      else {
        records.push({ series, seq: at?.seq, line: text, entry })
        offsets.push(line.offset)
      }
      bytes += line.bytes.length
      const end = line.offset + line.bytes.length + 1
      next = { file: name, offset: end, seq: at?.seq ?? next.seq, hash: lineHash(line.bytes) }
      if (records.length >= maxRecords || bytes >= fullBatchBytes)
        return { series, records, offsets, from, next, dropped, fits }
    }
  }
  return from && { series, records, offsets, from, next, dropped, fits }
}
