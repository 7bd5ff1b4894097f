import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { messageOf, systemCode } from '../errors.ts'
import { auditSeries } from './audit-log.ts'
import type { AuditKeeper, AuditSeries, KeptHow } from './audit-log.ts'

/** Entries of one series and day; more files when one grows large. */
export interface AuditFile {
  readonly path: string
  readonly series: AuditSeries
  /** `2026-08-20`, in UTC. */
  readonly day: string
  /** From 1, in each series and day. */
  readonly number: number
}

export interface AuditFiles extends AuditKeeper {
  /** Resolves when everything appended is on the disk. */
  close(): Promise<void>
}

export interface AuditBounds {
  readonly maxFileBytes: number
  readonly maxSeriesBytes: number
  readonly maxAgeDays: number
}

/** A file of one series and day is followed by another from this size on. */
const nextFileBytes = 8 * 1024 * 1024
/**
 * Most that is kept of one series: people (sign-ins, sessions, commands), decisions, strangers.
 *
 * @limit audit entries kept of each kind (people, decisions, strangers): the oldest go
 */
const maxSeriesBytes = 64 * 1024 * 1024
/** @limit days for which audit entries are kept: the oldest go */
const maxAgeDays = 90
/** How long an entry may be in the system's memory alone, in milliseconds: a power cut loses it. */
const syncAfterMs = 1_000
const dayMs = 86_400_000

const bounds: AuditBounds = { maxFileBytes: nextFileBytes, maxSeriesBytes, maxAgeDays }

const fileName = new RegExp(`^(${auditSeries.join('|')})-(\\d{4}-\\d{2}-\\d{2})-(\\d{4,})\\.jsonl$`)

/** The files of a directory, oldest first in each series; none when there is no directory. */
export async function listAuditFiles(directory: string): Promise<readonly AuditFile[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  })
  return names
    .toSorted((a, b) => (a < b ? -1 : 1))
    .flatMap((name) => {
      const [, series, day = '', number] = fileName.exec(name) ?? []
      if (series === undefined) return []
      const path = join(directory, name)
      return [{ path, series: series as AuditSeries, day, number: Number(number) }]
    })
}

/**
 * Keeps entries as JSON lines in files that are only ever appended to: `people-2026-08-20-0001.jsonl`.
 * A file, since nothing here may hold up the event loop, as SQLite would with each of its commits; what
 * is written survives the end of this process at once, and a power cut after a second.
 */
export function openAuditFiles(
  directory: string,
  clock: Clock = systemClock,
  limits: AuditBounds = bounds,
): AuditFiles {
  const all = new Map(auditSeries.map((it) => [it, openSeries(directory, it, clock, limits)]))
  return {
    append: async (series, lines) => (await all.get(series)?.append(lines)) ?? 'kept',
    async close() {
      await Promise.all([...all.values()].map((series) => series.close()))
    },
  }
}

interface OpenFile {
  readonly path: string
  readonly day: string
  readonly handle: FileHandle
  /** What tells it from another file that stands in its place later. */
  readonly inode: number
  bytes: number
  /** Whether it ends within a line: a disk was full, or a process was killed. */
  isTorn: boolean
}

interface Series {
  append(lines: string): Promise<KeptHow>
  close(): Promise<void>
}

function openSeries(
  directory: string,
  series: AuditSeries,
  clock: Clock,
  limits: AuditBounds,
): Series {
  let file: OpenFile | undefined
  let syncDue: Disposable | undefined
  let syncing = Promise.resolve()
  /** Why entries that were written may not be on the disk. */
  let unsynced: Error | undefined

  async function fileFor(day: string): Promise<OpenFile> {
    if (file?.day === day && file.bytes < limits.maxFileBytes) return file
    await close()
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await removeOld(directory, series, clock.now(), limits)
    file = await openNext(directory, series, day, limits)
    return file
  }

  /** `removed` when the file was removed meanwhile, and the lines with it. */
  async function keep(lines: string): Promise<KeptHow | 'removed'> {
    const target = await fileFor(new Date(clock.now()).toISOString().slice(0, 10))
    await appendTo(target, lines)
    syncDue ??= clock.schedule(syncAfterMs, () => {
      syncDue = undefined
      syncing = syncing.then(() => sync(target))
    })
    if (await isInPlace(target)) return 'kept'
    const { nlink } = await target.handle.stat()
    await close()
    return nlink > 0 ? 'kept-elsewhere' : 'removed'
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

  return {
    async append(lines) {
      try {
        const first = await keep(lines)
        if (first === 'removed' && (await keep(lines)) === 'removed') {
          throw new Error(`"${directory}" is removed again and again`)
        }
        // Those before are lost, and nothing says that these are not.
        assertSynced()
        return first === 'kept' ? 'kept' : 'kept-elsewhere'
      } catch (error) {
        // What it was opened on may be gone, as a file system of the network that comes back.
        await close()
        unsynced = undefined
        throw error
      }
    },
    close,
  }
}

async function appendTo(file: OpenFile, lines: string): Promise<void> {
  const bytes = Buffer.from(file.isTorn ? `\n${lines}` : lines)
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await file.handle.write(bytes, written)
    written += bytesWritten
    file.bytes += bytesWritten
  }
  file.isTorn = false
}

/** Whether its path still leads to it: somebody may have removed it, or moved it away. */
async function isInPlace({ path, inode }: OpenFile): Promise<boolean> {
  try {
    return (await stat(path)).ino === inode
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}

/** The last file of the day, or the one after it when that is full. */
async function openNext(
  directory: string,
  series: AuditSeries,
  day: string,
  limits: AuditBounds,
): Promise<OpenFile> {
  const files = await listAuditFiles(directory)
  const last = files.findLast((it) => it.series === series && it.day === day)
  const isFull = last !== undefined && (await stat(last.path)).size >= limits.maxFileBytes
  const number = (last?.number ?? 1) + (isFull ? 1 : 0)
  const name = `${series}-${day}-${String(number).padStart(4, '0')}.jsonl`
  const path = join(directory, name)
  const handle = await open(path, 'a+', 0o600)
  const { size, ino } = await handle.stat()
  const isTorn = size > 0 && (await lastByte(handle, size)) !== 0x0a
  return { path, day, handle, inode: ino, bytes: size, isTorn }
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0]
}

async function removeOld(
  directory: string,
  series: AuditSeries,
  nowMs: number,
  limits: AuditBounds,
): Promise<void> {
  const firstDay = new Date(nowMs - limits.maxAgeDays * dayMs).toISOString().slice(0, 10)
  // Newest first; room is left for the file that is about to be opened.
  let bytes = limits.maxFileBytes
  const files = (await listAuditFiles(directory)).filter((it) => it.series === series)
  for (const { path, day } of files.toReversed()) {
    bytes += (await stat(path)).size
    if (day < firstDay || bytes > limits.maxSeriesBytes) await rm(path, { force: true })
  }
}
