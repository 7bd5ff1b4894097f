import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { placeOf } from '../chain.ts'
import { noteInExport, verifierKeyInExport } from '../export-lines.ts'
import { auditSeries, type AuditSeries } from '../keeper.ts'
import { isPiece, readLines, type RawLine } from '../lines.ts'
import { auditFileOf, listAuditFiles } from '../list-files.ts'
import {
  droppedFile,
  listCheckpointFiles,
  maxNotesBytes,
  readNotes,
  readVerifierKeys,
} from '../note-files.ts'
import { readText } from '../open-to-read.ts'
import type { LineToCheck } from './seen-line.ts'
import type { NoteText } from './signatures.ts'

/** What is to be checked: a directory of the gateway's, or files of it, or of `postern audit export`. */
export interface AuditSource {
  readonly notes: readonly NoteText[]
  /** Verifier keys that lie beside the records: whoever could change these could change them as well. */
  readonly keysBeside: readonly string[]
  /** Whether there is neither a record nor anything signed. */
  readonly isEmpty: boolean
  /** Every line, those of one series in the order of its files. */
  lines(): AsyncGenerator<readonly PlacedLine[]>
}

export interface PlacedLine extends LineToCheck {
  readonly series: AuditSeries
}

export async function openSource(paths: readonly string[]): Promise<AuditSource> {
  const sources = await Promise.all(paths.map(openPath))
  const files = sources.flatMap((it) => it.files)
  return {
    notes: sources.flatMap((it) => it.notes),
    keysBeside: sources.flatMap((it) => it.keysBeside),
    isEmpty: sources.every(({ files: of, notes }) => of.length === 0 && notes.length === 0),
    async *lines() {
      for (const [index, file] of files.entries())
        yield* readFileLines(file, !files.slice(index + 1).some((it) => it.series === file.series))
    },
  }
}

interface FileToRead {
  readonly path: string
  readonly name: string
  /** Undefined for one that may have several. */
  readonly series: AuditSeries | undefined
}

interface OpenPath extends Pick<AuditSource, 'notes' | 'keysBeside'> {
  readonly files: readonly FileToRead[]
}

/** @limit checkpoints, stubs and keys of one directory or export that `postern audit verify` reads: it ends with exit code 8 */
const maxSignedBytes = 256 * 1024 * 1024

async function openPath(path: string): Promise<OpenPath> {
  return (await stat(path)).isDirectory() ? openDirectory(path) : openFile(path)
}

/** Counts what is read of the path, and throws beyond the bound. */
function createBudget(path: string): (length: number) => void {
  let left = maxSignedBytes
  return (length) => {
    left -= length
    if (left < 0) throw new Error(`"${path}" has more than ${maxSignedBytes} bytes of checkpoints`)
  }
}

/** What is signed is read first: the gateway may be writing meanwhile. */
async function openDirectory(path: string): Promise<OpenPath> {
  const noteFiles = [
    ...(await listCheckpointFiles(path)),
    { name: droppedFile, path: join(path, droppedFile) },
  ]
  const notes: NoteText[] = []
  const count = createBudget(path)
  for (const { name, path: of } of noteFiles) {
    const text = await readNotes(of)
    count(text.length)
    if (text !== '') notes.push({ file: name, text, isTrusted: false })
  }
  return { notes, keysBeside: await readVerifierKeys(path), files: await listAuditFiles(path) }
}

async function openFile(path: string): Promise<OpenPath> {
  const name = basename(path)
  const series = auditFileOf('', name)?.series
  if (series !== undefined) return { notes: [], keysBeside: [], files: [{ path, name, series }] }
  const notes: NoteText[] = []
  const keysBeside: string[] = []
  const count = createBudget(path)
  for await (const line of leadingLines(path)) {
    count(line.length)
    const note = noteInExport(line)
    const key = verifierKeyInExport(line)
    if (note !== undefined) notes.push({ file: name, text: note, isTrusted: false })
    else if (key !== undefined) keysBeside.push(key)
    else break
  }
  const { size } = await stat(path)
  return { notes, keysBeside, files: size === 0 ? [] : [{ path, name, series: undefined }] }
}

async function* leadingLines(path: string): AsyncGenerator<Buffer> {
  for await (const lines of readLines(path)) for (const { bytes } of lines) yield bytes
}

async function* readFileLines(
  file: FileToRead,
  isLastOfSeries: boolean,
): AsyncGenerator<readonly PlacedLine[]> {
  let line = 0
  let series = file.series ?? auditSeries[0]
  let isLeading = file.series === undefined
  const place = (raw: RawLine): PlacedLine | undefined => {
    line += 1
    isLeading &&=
      noteInExport(raw.bytes) !== undefined || verifierKeyInExport(raw.bytes) !== undefined
    if (isLeading) return undefined
    // What is no record belongs to the series of the line before it.
    if (file.series === undefined) series = placeOf(raw.bytes)?.series ?? series
    // Nothing that is just in writing is so long: behind a piece there may be more.
    const mayBeIncomplete = isLastOfSeries && !isPiece(raw)
    return { ...raw, series, file: file.name, line, mayBeIncomplete }
  }
  for await (const lines of readLines(file.path)) yield lines.flatMap((raw) => place(raw) ?? [])
}

/** The notes of a file that was kept elsewhere. */
export async function readTrusted(path: string): Promise<NoteText> {
  return { file: path, text: await readText(path, maxNotesBytes), isTrusted: true }
}
