import type { Clock } from '../../clock.ts'
import { chainedBytes } from './chained-bytes.ts'
import { partOf, writeStub } from './dropped-stubs.ts'
import type { AuditSeries } from './keeper.ts'
import type { AuditFile } from './list-files.ts'
import type { NoteSigner } from './note-signer.ts'
import {
  findExpired,
  firstKeptDay,
  removeFiles,
  type AuditBounds,
  type Expired,
} from './retention.ts'

export interface DropOptions {
  readonly directory: string
  readonly series: AuditSeries
  readonly clock: Clock
  readonly limits: AuditBounds
  /** Undefined drops without a signature; one that answers undefined drops nothing until it can sign. */
  readonly signer: (() => NoteSigner | undefined) | undefined
}

/** Records that were dropped. */
export interface Dropped {
  readonly first: number
  readonly last: number
  readonly why: string
}

/** All files of a series are read for what goes for its size; so long not again where nothing could go, in milliseconds. */
const pauseMs = 60_000

/**
 * Makes what removes the oldest files of a series, which it is given oldest first, beyond its bounds, once it is signed
 * which records that takes; it answers these, where they were chained. A series of twice its bound loses them in
 * any case.
 */
export function createDropping(
  options: DropOptions,
): (files: readonly AuditFile[]) => Promise<Dropped | undefined> {
  const { clock, limits } = options
  let pausedUntilMs = 0
  return async (files) => {
    const onDisk = await findExpired(files, clock.now(), limits)
    if (onDisk.files.length === 0) return undefined
    if (options.signer === undefined) return remove(onDisk)
    const signer = options.signer()
    if (signer !== undefined && (clock.now() >= pausedUntilMs || onDisk.isUrgent)) {
      const expired = await rightlyExpired(options, files, onDisk)
      if (await isSigned(options, signer, expired)) return remove(expired)
      pausedUntilMs = clock.now() + pauseMs
    }
    return onDisk.isUrgent ? remove(onDisk) : undefined
  }
}

async function remove({ files, why }: Expired): Promise<Dropped | undefined> {
  const part = await partOf(files)
  await removeFiles(files)
  return part && { first: part.first, last: part.last.seq, why }
}

/**
 * Which of the files go by what is proven: whoever can write to them must not have records dropped, with a signature,
 * by the name of an old day or by filling the disk. What goes otherwise is missed.
 */
async function rightlyExpired(
  { clock, limits }: DropOptions,
  files: readonly AuditFile[],
  onDisk: Expired,
): Promise<Expired> {
  const expired = onDisk.isFull
    ? await findExpired(files, clock.now(), limits, await chainedBytes(files))
    : onDisk
  if (expired.isFull) return expired
  // The next record names the last of them with its time: that one cannot be another.
  const { last } = (await partOf(expired.files)) ?? {}
  const isOld =
    last === undefined || last.time.slice(0, 10) < firstKeptDay(clock.now(), limits.maxAgeDays)
  return isOld ? expired : { ...expired, files: [] }
}

/** Signs for the records of files that go; lines of a release without a chain go without. */
async function isSigned(
  { directory, series, clock }: DropOptions,
  signer: NoteSigner,
  { files, why }: Expired,
): Promise<boolean> {
  if (files.length === 0) return false
  const part = await partOf(files)
  if (part === undefined) return true
  const { first, last } = part
  const time = new Date(clock.now()).toISOString()
  return signStub(directory, signer, {
    time,
    series,
    first,
    last: last.seq,
    lastHash: last.hash,
    why,
  })
}

/** A signer that fails does so for checkpoints as well, which is told. */
async function signStub(
  directory: string,
  signer: NoteSigner,
  stub: Parameters<typeof writeStub>[2],
): Promise<boolean> {
  return writeStub(directory, signer, stub).then(
    () => true,
    () => false,
  )
}
