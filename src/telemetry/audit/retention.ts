import { rm, stat } from 'node:fs/promises'
import type { AuditFile } from './list-files.ts'

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
const dayMs = 86_400_000
/** So many times its bound a series may have where what is dropped cannot be signed for. */
const unsignedFactor = 2

export const auditBounds: AuditBounds = { maxFileBytes: nextFileBytes, maxSeriesBytes, maxAgeDays }

/** What is of a day before it goes. */
export function firstKeptDay(nowMs: number, maxAgeDays: number): string {
  return new Date(nowMs - maxAgeDays * dayMs).toISOString().slice(0, 10)
}

/** Files that are to go, oldest first, and why. */
export interface Expired {
  readonly files: readonly AuditFile[]
  readonly why: string
  /** Whether they go for the size of the series, and not for their age. */
  readonly isFull: boolean
  /** They have to go, whether somebody signs for it or not. */
  readonly isUrgent: boolean
}

/** Bytes of a file on the disk. */
async function sizeOf({ path }: AuditFile): Promise<number> {
  return (await stat(path)).size
}

/**
 * Finds the oldest files of a series beyond its bounds; room is left for the one that is about to be opened.
 * The files are those of the series, oldest first.
 */
export async function findExpired(
  files: readonly AuditFile[],
  nowMs: number,
  limits: AuditBounds,
  bytesOf: (file: AuditFile) => number | Promise<number> = sizeOf,
): Promise<Expired> {
  const firstDay = firstKeptDay(nowMs, limits.maxAgeDays)
  let bytes = limits.maxFileBytes
  let kept = files.length
  // Newest first; nothing is kept behind what goes.
  for (const [index, file] of [...files.entries()].toReversed()) {
    bytes += await bytesOf(file)
    if (file.day < firstDay || bytes > limits.maxSeriesBytes) continue
    if (index === kept - 1) kept = index
  }
  const isFull = bytes > limits.maxSeriesBytes
  return {
    files: files.slice(0, kept),
    isFull,
    why: isFull
      ? `more than ${limits.maxSeriesBytes} bytes`
      : `older than ${limits.maxAgeDays} days`,
    isUrgent: bytes > limits.maxSeriesBytes * unsignedFactor,
  }
}

export async function removeFiles(files: readonly AuditFile[]): Promise<void> {
  for (const { path } of files) await rm(path, { force: true })
}
