import { systemClock, type Clock } from '../../clock.ts'
import type { ChainHead } from './chain.ts'
import { checkpointOf, keysOf, latestCheckpoint } from './latest-checkpoint.ts'
import { auditSeries, type AuditKeeper, type AuditSeries } from './keeper.ts'
import { oneByOne } from '../../one-by-one.ts'
import { createDropping } from './drop-old.ts'
import type { NoteSigner } from './note-signer.ts'
import { auditBounds, type AuditBounds } from './retention.ts'
import { openSeries, type KeptLines } from './series-writer.ts'

export interface AuditFiles extends AuditKeeper {
  /** How far each series has come; everything up to there is on the disk. */
  heads(): Promise<ReadonlyMap<AuditSeries, ChainHead>>
  /** Calls `listener` with what was kept, behind it. It throws nothing. */
  onKept(listener: (kept: KeptLines) => void): void
  /** Resolves when everything appended is on the disk. */
  close(): Promise<void>
}

/**
 * Keeps entries as JSON lines in files that are only ever appended to: `people-2026-08-20-0001.jsonl`.
 * A file, since nothing here may hold up the event loop, as SQLite would with each of its commits; what
 * is written survives the end of this process at once, and a power cut after a second. One process alone
 * may have a directory: whoever opens it holds the lock of the state directory.
 *
 * Old files go with a stub that `signer` signs, and wait for one while it has none; without a `signer` they go.
 */
export function openAuditFiles(
  directory: string,
  clock: Clock = systemClock,
  limits: AuditBounds = auditBounds,
  signer?: () => NoteSigner | undefined,
): AuditFiles {
  const listeners: ((kept: KeptLines) => void)[] = []
  let signed: Promise<ReadonlyMap<string, ChainHead>> | undefined
  const signedHead = async (series: AuditSeries): Promise<ChainHead | undefined> => {
    signed ??= signedHeads(directory, signer?.())
    signed.catch(() => (signed = undefined))
    return (await signed).get(series)
  }
  const dropInTurn = oneByOne()
  const open = (series: AuditSeries) => {
    const drop = createDropping({ directory, series, clock, limits, signer })
    return openSeries({
      directory,
      series,
      clock,
      limits,
      signedHead: () => signedHead(series),
      drop: (files) => dropInTurn(() => drop(files)),
      onKept: (kept) => listeners.forEach((listener) => listener(kept)),
    })
  }
  const all = {
    people: open('people'),
    decisions: open('decisions'),
    strangers: open('strangers'),
  } satisfies Record<AuditSeries, unknown>
  return {
    append: (series, entries) => all[series].append(entries),
    async heads() {
      const heads = auditSeries.map(async (it) => [it, await all[it].syncedHead()] as const)
      return new Map(await Promise.all(heads))
    },
    onKept: (listener) => void listeners.push(listener),
    async close() {
      await Promise.all(auditSeries.map((it) => all[it].close()))
    },
  }
}

/**
 * Those of the last checkpoint: what the files have lost since then is no reason to begin anew. One that somebody else
 * has put there must not send the numbers ahead.
 */
async function signedHeads(
  directory: string,
  signer: NoteSigner | undefined,
): Promise<ReadonlyMap<string, ChainHead>> {
  const note = await latestCheckpoint(directory, await keysOf(signer))
  return (note === undefined ? undefined : checkpointOf(note)?.heads) ?? new Map()
}
