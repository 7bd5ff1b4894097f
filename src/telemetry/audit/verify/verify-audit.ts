import { auditSeries, type AuditSeries } from '../keeper.ts'
import { parseVerifierKey, type VerifierKey } from '../signed-note.ts'
import type { Fault } from './fault.ts'
import { createSeriesCheck, type SeriesReport } from './series-check.ts'
import { readSigned, type Signed } from './signatures.ts'
import { openSource, readTrusted } from './sources.ts'

export interface VerifyOptions {
  /** Directories of the gateway, or files of them or of an export. */
  readonly paths: readonly string[]
  /** Files with checkpoints that were kept elsewhere. */
  readonly checkpoints?: readonly string[]
  /** Verifier keys that were kept elsewhere; without them those that lie beside the records. */
  readonly keys?: readonly VerifierKey[]
}

/** What came of a check. */
export interface AuditVerdict {
  readonly series: readonly SeriesReport[]
  readonly signed: Omit<Signed, 'heads' | 'dropped' | 'faults'>
  /** Records that stubs tell of, by series. */
  readonly dropped: Readonly<Partial<Record<AuditSeries, number>>>
  /** By which checkpoints were judged. */
  readonly keys: readonly VerifierKey[]
  /** Whether these were kept elsewhere. */
  readonly areKeysTrusted: boolean
  /** One for each series at most, at its first place; then those of what was signed. */
  readonly faults: readonly Fault[]
}

/**
 * Checks records against their chain, and against what was signed of it. Reads files alone: no gateway, no
 * network. Rejects when one cannot be read, with the system's error or what it is instead, and when there is no log.
 */
export async function verifyAudit(options: VerifyOptions): Promise<AuditVerdict> {
  const source = await openSource(options.paths)
  const given = options.keys ?? []
  const areKeysTrusted = given.length > 0
  const keptElsewhere = [...given, ...(options.checkpoints ?? [])]
  // A path that leads elsewhere must not pass for a log that is good.
  if (source.isEmpty && keptElsewhere.length === 0)
    throw new Error(`there is no audit log in "${options.paths.join('", "')}"`)
  const beside = source.keysBeside.flatMap((text) => parseVerifierKey(text) ?? [])
  const keys = areKeysTrusted ? given : beside
  const trusted = await Promise.all((options.checkpoints ?? []).map(readTrusted))
  const signed = readSigned([...source.notes, ...trusted], keys)
  const checks = new Map(
    auditSeries.map((series) => {
      const dropped = signed.dropped.filter((part) => part.series === series)
      return [series, createSeriesCheck(series, signed.heads.get(series) ?? [], dropped)]
    }),
  )
  for await (const lines of source.lines())
    for (const line of lines) checks.get(line.series)?.take(line)
  const series = [...checks.values()].map((check) => check.end())
  const { checkpoints, lastTime, byOtherKeys } = signed
  const unsigned: readonly Fault[] =
    areKeysTrusted && checkpoints === 0
      ? [{ what: 'unknown-key', detail: 'no checkpoint is signed by a key that was given' }]
      : []
  return {
    series,
    signed: { checkpoints, lastTime, byOtherKeys },
    dropped: Object.fromEntries(
      series.flatMap(({ series: name, first = 1 }) => (first > 1 ? [[name, first - 1]] : [])),
    ),
    keys,
    areKeysTrusted,
    faults: [...series.flatMap(({ fault }) => fault ?? []), ...signed.faults, ...unsigned],
  }
}
