import { systemCode } from '../../errors.ts'
import { auditSeries, type AuditKind, type AuditSeries } from './keeper.ts'
import { readLines } from './lines.ts'
import { listAuditFiles, type AuditFile } from './list-files.ts'

/** An entry as it was kept; its further fields are those of `AuditEntry`, in kebab case. */
export interface KeptEntry {
  /** RFC 3339. */
  readonly time: string
  readonly kind: AuditKind
  readonly event: string
  readonly [field: string]: unknown
}

/**
 * Reads the entries of a directory from a moment on, oldest first; of a line that was written in part
 * (a full disk, a power cut) nothing. The gateway may be writing them meanwhile.
 */
export async function* readAudit(directory: string, sinceMs: number): AsyncGenerator<KeptEntry> {
  const since = new Date(sinceMs).toISOString()
  const files = (await listAuditFiles(directory)).filter(({ day }) => day >= since.slice(0, 10))
  const sources = auditSeries.map((series) => readSeries(files, series, since))
  try {
    const heads = await Promise.all(sources.map((source) => source.next()))
    for (;;) {
      const first = earliest(heads)
      if (first === undefined) return
      yield first.entry
      heads[first.index] = (await sources[first.index]?.next()) ?? { done: true, value: undefined }
    }
  } finally {
    // Whoever stops on the way leaves their files open.
    await Promise.all(sources.map((source) => source.return()))
  }
}

function earliest(
  heads: readonly IteratorResult<KeptEntry, void>[],
): { readonly index: number; readonly entry: KeptEntry } | undefined {
  return heads
    .flatMap((head, index) => (head.done === true ? [] : [{ index, entry: head.value }]))
    .reduce<ReturnType<typeof earliest>>(
      (first, it) => (first !== undefined && first.entry.time <= it.entry.time ? first : it),
      undefined,
    )
}

async function* readSeries(
  files: readonly AuditFile[],
  series: AuditSeries,
  since: string,
): AsyncGenerator<KeptEntry, void> {
  for (const { path } of files.filter((file) => file.series === series)) {
    for await (const bytes of linesOf(path)) {
      const entry = parseEntry(bytes.toString())
      if (entry !== undefined && entry.time >= since) yield entry
    }
  }
}

/** None when the gateway has let go of the file meanwhile. */
async function* linesOf(path: string): AsyncGenerator<Buffer, void> {
  try {
    for await (const lines of readLines(path)) for (const { bytes } of lines) yield bytes
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

/** Undefined for a line that is no entry. */
export function parseEntry(line: string): KeptEntry | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    const isEntry = typeof entry === 'object' && entry !== null && 'time' in entry
    return isEntry ? (entry as KeptEntry) : undefined
  } catch {
    return undefined
  }
}
