import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { systemCode } from '../errors.ts'
import { auditSeries } from './audit-log.ts'
import type { AuditKeeper, AuditSeries } from './audit-log.ts'

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
    append: async (series, lines) => all.get(series)?.append(lines),
    async close() {
      await Promise.all([...all.values()].map((series) => series.close()))
    },
  }
}

interface OpenFile {
  readonly day: string
  readonly handle: FileHandle
  bytes: number
  /** Whether it ends within a line: a disk was full, or a process was killed. */
  isTorn: boolean
}

interface Series {
  append(lines: string): Promise<void>
  close(): Promise<void>
}

function openSeries(
  directory: string,
  series: AuditSeries,
  clock: Clock,
  limits: AuditBounds,
): Series {
  let file: OpenFile | undefined
  let syncing: NodeJS.Timeout | undefined

  async function fileFor(day: string): Promise<OpenFile> {
    if (file?.day === day && file.bytes < limits.maxFileBytes) return file
    await close()
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await removeOld(directory, series, clock.now(), limits)
    file = await openNext(directory, series, day, limits)
    return file
  }

  async function close(): Promise<void> {
    clearTimeout(syncing)
    syncing = undefined
    const closing = file
    file = undefined
    await closing?.handle.datasync().catch(() => undefined)
    await closing?.handle.close().catch(() => undefined)
  }

  function syncSoon({ handle }: OpenFile): void {
    syncing ??= setTimeout(() => {
      syncing = undefined
      void handle.datasync().catch(() => undefined)
    }, syncAfterMs).unref()
  }

  return {
    async append(lines) {
      const day = new Date(clock.now()).toISOString().slice(0, 10)
      const target = await fileFor(day)
      await appendTo(target, lines)
      syncSoon(target)
    },
    close,
  }
}

async function appendTo(file: OpenFile, lines: string): Promise<void> {
  const bytes = Buffer.from(file.isTorn ? `\n${lines}` : lines)
  let written = 0
  file.isTorn = true
  while (written < bytes.length) {
    const { bytesWritten } = await file.handle.write(bytes, written)
    written += bytesWritten
    file.bytes += bytesWritten
  }
  file.isTorn = false
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
  const handle = await open(join(directory, name), 'a+', 0o600)
  const { size } = await handle.stat()
  return { day, handle, bytes: size, isTorn: size > 0 && (await lastByte(handle, size)) !== 0x0a }
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
