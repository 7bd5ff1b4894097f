import { constants } from 'node:fs'
import { mkdir, open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Clock } from '../../clock.ts'
import { messageOf, systemCode } from '../../errors.ts'
import { oneByOne } from '../../one-by-one.ts'
import { chainEntry, emptyChain, type ChainHead } from './chain.ts'
import { auditFile, listAuditFiles, type AuditFile } from './list-files.ts'
import type { AuditSeries, KeptHow } from './keeper.ts'
import { begunBehindLines, fileBegun, linesFound, ownEntry, recordsDropped } from './own-entries.ts'
import type { Dropped } from './drop-old.ts'
import type { AuditBounds } from './retention.ts'
import { cutTornEnd, readSeriesEnd, type SeriesEnd } from './series-end.ts'

/** Appends to the files of one series, one call after the other. */
export interface SeriesWriter {
  append(entries: readonly string[]): Promise<KeptHow>
  /** How far it has come; everything up to there is on the disk. */
  syncedHead(): Promise<ChainHead>
  close(): Promise<void>
}

/** Lines that were kept, as they stand in their file. */
export interface KeptLines {
  readonly series: AuditSeries
  /** The name of the file. */
  readonly file: string
  /** Where the first of them begins. */
  readonly offset: number
  /** Without their newlines; their numbers go up to that of `head`. */
  readonly lines: readonly string[]
  readonly head: ChainHead
}

export interface SeriesPlace {
  readonly directory: string
  readonly series: AuditSeries
  readonly clock: Clock
  readonly limits: AuditBounds
  /** How far it had come at the last checkpoint; undefined where there is none. */
  signedHead(): Promise<ChainHead | undefined>
  /** Removes those of its files that are to go. */
  drop(files: readonly AuditFile[]): Promise<Dropped | undefined>
  onKept(kept: KeptLines): void
}

interface OpenFile {
  readonly path: string
  readonly name: string
  /** The day on which it was opened; its name has a later one where the clock was set back. */
  readonly openedOn: string
  readonly handle: FileHandle
  /** What tells it from another file that stands in its place later. */
  readonly inode: number
  bytes: number
}

/** A file that was opened, where the chain of those that are there ends, and what there is to say of that. */
interface Opened {
  readonly file: OpenFile
  readonly onDisk: ChainHead
  readonly first: readonly string[]
}

type NoteInLog = (event: string, details: object) => string

/** How long an entry may be in the system's memory alone, in milliseconds: a power cut loses it. */
const syncAfterMs = 1_000

export function openSeries(place: SeriesPlace): SeriesWriter {
  const { directory, series, clock, limits } = place
  const inTurn = oneByOne()
  let file: OpenFile | undefined
  /** Undefined until it was looked for. */
  let head: ChainHead | undefined
  /** Whether it was looked for in the files: from then on they say nothing that this process does not know. */
  let isFound = false
  /** Where the lines end that may have been written, although keeping them failed. */
  let attempted: readonly ChainHead[] = []
  /** What is to be said in the file that was opened, before anything else. */
  let first: readonly string[] = []
  let syncDue: Disposable | undefined
  let syncing = Promise.resolve()
  /** Why entries that were written may not be on the disk. */
  let unsynced: Error | undefined
  let isClosed = false

  const knownHead = async (): Promise<ChainHead> =>
    (head ??= (await place.signedHead()) ?? emptyChain)

  /** Where the chain goes on: nothing that somebody else has put behind it is taken into it. */
  const headAt = (known: ChainHead, onDisk: ChainHead): ChainHead => {
    const isOwn = !isFound || attempted.some(({ hash }) => hash === onDisk.hash)
    isFound = true
    return (head = isOwn ? laterHead(known, onDisk) : known)
  }

  async function fileFor(today: string): Promise<OpenFile> {
    if (file?.openedOn === today && file.bytes < limits.maxFileBytes) return file
    await close()
    await mkdir(directory, { recursive: true, mode: 0o700 })
    // Before there is a file that whatever is thrown here would leave open.
    const known = await knownHead()
    const opened = await openNext(place, today)
    headAt(known, opened.onDisk)
    ;({ file, first } = opened)
    return opened.file
  }

  /** `removed` when the file was removed meanwhile, and the lines with it. */
  async function keep(entries: readonly string[]): Promise<KeptHow | 'removed'> {
    const target = await fileFor(dayOf(clock.now()))
    const chained = chainAll(series, await knownHead(), [...first, ...entries])
    const offset = target.bytes
    attempted = chained.heads
    await appendTo(target, `${chained.lines.join('\n')}\n`)
    syncDue ??= clock.schedule(syncAfterMs, () => {
      syncDue = undefined
      syncing = syncing.then(() => sync(target))
    })
    const how = await stateOf(target)
    if (how === 'removed') {
      await close()
      return how
    }
    ;({ head } = chained)
    attempted = []
    first = []
    const { lines } = chained
    place.onKept({ series, file: target.name, offset, lines, head })
    if (how !== 'kept') await close()
    return how
  }

  async function sync({ handle }: OpenFile): Promise<void> {
    await handle.datasync().catch((cause: unknown) => {
      unsynced = new Error(messageOf(cause), { cause })
    })
  }

  async function close(): Promise<void> {
    syncDue?.[Symbol.dispose]()
    syncDue = undefined
    const closing = file
    file = undefined
    await syncing
    if (closing === undefined) return
    await sync(closing)
    await closing.handle.close().catch(() => undefined)
  }

  function assertSynced(): void {
    const error = unsynced
    unsynced = undefined
    if (error !== undefined) throw error
  }

  async function append(entries: readonly string[]): Promise<KeptHow> {
    try {
      const how = await keep(entries)
      if (how === 'removed' && (await keep(entries)) === 'removed') {
        throw new Error(`"${directory}" is removed again and again`)
      }
      // Those before are lost, and nothing says that these are not.
      assertSynced()
      return how === 'removed' ? 'kept-elsewhere' : how
    } catch (error) {
      // What it was opened on may be gone, as a file system of the network that comes back.
      await close()
      unsynced = undefined
      throw error
    }
  }

  /** Of lines that a process before this one has written, nothing says that they are on the disk. */
  async function syncedHead(): Promise<ChainHead> {
    if (file !== undefined) {
      await file.handle.datasync()
      return knownHead()
    }
    const files = (await listAuditFiles(directory)).filter((it) => it.series === series)
    await syncFile(files.at(-1)?.path)
    const { head: onDisk } = await readSeriesEnd(files)
    return headAt(await knownHead(), onDisk)
  }

  return {
    append: (entries) =>
      inTurn(async () => {
        try {
          return await append(entries)
        } finally {
          // What ends last is kept as well, and leaves no file open that nobody would close.
          if (isClosed) await close()
        }
      }),
    syncedHead: () => inTurn(syncedHead),
    close: () =>
      inTurn(() => {
        isClosed = true
        return close()
      }),
  }
}

async function syncFile(path: string | undefined): Promise<void> {
  if (path === undefined) return
  await using file = await open(path, 'a')
  await file.datasync()
}

function chainAll(
  series: AuditSeries,
  from: ChainHead,
  entries: readonly string[],
): {
  readonly lines: readonly string[]
  /** Behind each of them. */
  readonly heads: readonly ChainHead[]
  readonly head: ChainHead
} {
  let head = from
  const chained = entries.map((entry) => {
    const next = chainEntry(series, head, entry)
    ;({ head } = next)
    return next
  })
  return { lines: chained.map((it) => it.line), heads: chained.map((it) => it.head), head }
}

async function appendTo(file: OpenFile, lines: string): Promise<void> {
  const bytes = Buffer.from(lines)
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await file.handle.write(bytes, written)
    written += bytesWritten
    file.bytes += bytesWritten
  }
}

/** Whether its path still leads to it, and it is as long as what was written here. */
async function stateOf({ path, inode, bytes, handle }: OpenFile): Promise<KeptHow | 'removed'> {
  try {
    const { ino, size } = await stat(path)
    if (ino === inode) return size === bytes ? 'kept' : 'changed'
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
  const { nlink } = await handle.stat()
  return nlink > 0 ? 'kept-elsewhere' : 'removed'
}

/** Root may write here, for a command, and the gateway's own user put a link: its target is not written to. */
const appendHere =
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_WRONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0)

/**
 * Opens the last file of the series, or the one after it when that is full or of another day. No file comes
 * before one that is there, whatever the clock says: their names are their order.
 */
async function openNext(place: SeriesPlace, today: string): Promise<Opened> {
  const { directory, series, clock } = place
  const files = (await listAuditFiles(directory)).filter((it) => it.series === series)
  const last = files.at(-1)
  const tornBytes = last === undefined ? 0 : await cutTornEnd(last.path)
  const end = await readSeriesEnd(files)
  const dropped = await place.drop(files)
  const next = await nextFile(place, today, last)
  const handle = await open(next.path, appendHere, 0o600)
  const { size, ino } = await handle.stat().catch(async (error: unknown) => {
    await handle.close()
    throw error
  })
  const noteInLog: NoteInLog = (event, details) => ownEntry(clock.now(), event, details)
  const first = [
    ...(tornBytes > 0 ? [noteInLog('incomplete line removed', { bytes: tornBytes })] : []),
    ...sayUnchained(end, noteInLog),
    ...sayDropped(dropped, noteInLog),
    ...(size === 0 ? [noteInLog(fileBegun, { file: next.name })] : []),
  ]
  return {
    file: { path: next.path, name: next.name, openedOn: today, handle, inode: ino, bytes: size },
    onDisk: end.head,
    first,
  }
}

/** Where there is no number before them they are of a release that gave none. */
function sayUnchained(
  { head, unchainedLines: lines }: SeriesEnd,
  noteInLog: NoteInLog,
): readonly string[] {
  if (lines === 0) return []
  if (head.seq === 0) return [noteInLog(begunBehindLines, { lines })]
  return [noteInLog(linesFound, { lines })]
}

function sayDropped(dropped: Dropped | undefined, noteInLog: NoteInLog): readonly string[] {
  if (dropped === undefined) return []
  const { first, last, why } = dropped
  return [noteInLog(recordsDropped, { 'first-seq': first, 'last-seq': last, why })]
}

/**
 * What this process has kept goes on, also where the files have lost it: no number is given twice, and the gap
 * is seen. More than that is on the disk where a write failed behind what it had written.
 */
function laterHead(known: ChainHead, onDisk: ChainHead): ChainHead {
  return onDisk.seq > known.seq || known.seq === 0 ? onDisk : known
}

async function nextFile(
  { directory, series, limits }: SeriesPlace,
  today: string,
  last: AuditFile | undefined,
): Promise<AuditFile> {
  if (last === undefined || last.day < today)
    return auditFile(directory, { series, day: today, number: 1 })
  const isFull = await isBeyond(last.path, limits.maxFileBytes)
  return isFull ? auditFile(directory, { ...last, number: last.number + 1 }) : last
}

/** One that is gone has been removed for its age. */
async function isBeyond(path: string, maxBytes: number): Promise<boolean> {
  try {
    return (await stat(path)).size >= maxBytes
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true
    throw error
  }
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10)
}
