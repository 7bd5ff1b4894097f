import type { Clock } from '../../clock.ts'
import { partOf, writeStub } from './dropped-stubs.ts'
import type { AuditSeries } from './keeper.ts'
import type { AuditFile } from './list-files.ts'
import type { NoteSigner } from './note-signer.ts'
import { findExpired, removeFiles, type AuditBounds } from './retention.ts'

export interface DropOptions {
  readonly directory: string
  readonly series: AuditSeries
  /** Those of the series, oldest first. */
  readonly files: readonly AuditFile[]
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

/**
 * Removes the oldest files of a series beyond its bounds, once it is signed which records that takes; answers
 * these, where they were chained. A series of twice its bound loses them in any case.
 */
export async function dropOld(options: DropOptions): Promise<Dropped | undefined> {
  const { directory, series, clock, limits } = options
  const { files, why, isUrgent } = await findExpired(options.files, clock.now(), limits)
  if (files.length === 0) return undefined
  const part = await partOf(files)
  if (part !== undefined && options.signer !== undefined) {
    const { first, last } = part
    const time = new Date(clock.now()).toISOString()
    const stub = { time, series, first, last: last.seq, lastHash: last.hash, why }
    const isSigned = await signStub(directory, options.signer(), stub)
    if (!isSigned && !isUrgent) return undefined
  }
  await removeFiles(files)
  return part && { first: part.first, last: part.last.seq, why }
}

/** A signer that fails does so for checkpoints as well, which is told. */
async function signStub(
  directory: string,
  signer: NoteSigner | undefined,
  stub: Parameters<typeof writeStub>[2],
): Promise<boolean> {
  if (signer === undefined) return false
  return writeStub(directory, signer, stub).then(
    () => true,
    () => false,
  )
}
