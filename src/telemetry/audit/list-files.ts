import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../../errors.ts'
import { auditSeries, type AuditSeries } from './keeper.ts'

/** Entries of one series and day; more files when one grows large. */
export interface AuditFile {
  readonly path: string
  /** `people-2026-08-20-0001.jsonl`. */
  readonly name: string
  readonly series: AuditSeries
  /** `2026-08-20`, in UTC. */
  readonly day: string
  /** From 1, in each series and day. */
  readonly number: number
}

const namePattern = new RegExp(
  `^(${auditSeries.join('|')})-(\\d{4}-\\d{2}-\\d{2})-(\\d{4,})\\.jsonl$`,
)

/** The file of a name; undefined for one that the log does not give. */
export function auditFileOf(directory: string, name: string): AuditFile | undefined {
  const [, series, day = '', number] = namePattern.exec(name) ?? []
  if (series === undefined) return undefined
  const path = join(directory, name)
  return { path, name, series: series as AuditSeries, day, number: Number(number) }
}

/** The file of a series, day and number. */
export function auditFile(
  directory: string,
  place: Pick<AuditFile, 'series' | 'day' | 'number'>,
): AuditFile {
  const name = `${place.series}-${place.day}-${String(place.number).padStart(4, '0')}.jsonl`
  return { ...place, name, path: join(directory, name) }
}

/** The files of a directory, oldest first in each series; none when there is no directory. */
export async function listAuditFiles(directory: string): Promise<readonly AuditFile[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  })
  const files = names.flatMap((name) => auditFileOf(directory, name) ?? [])
  return files.toSorted(
    (a, b) => compare(a.series, b.series) || compare(a.day, b.day) || compare(a.number, b.number),
  )
}

function compare<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
