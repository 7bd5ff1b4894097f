import { z } from 'zod'
import type { AuditIndexRow, AuditIndexStore } from '../store/audit-index-store.ts'
import { auditKinds, auditSeries } from '../telemetry/audit/keeper.ts'
import type { Checkpoints } from '../telemetry/audit/checkpoints.ts'
import { checkpointOf } from '../telemetry/audit/latest-checkpoint.ts'
import type { NoteSigner } from '../telemetry/audit/note-signer.ts'
import type { KeptEntry } from '../telemetry/audit/read-audit.ts'
import type {
  AuditCheckpointAnswer,
  AuditSearchAnswer,
  AuditSearchQuery,
  FoundRecord,
} from './audit-protocol.ts'
import type { Actor } from './change.ts'
import { parseInput } from './protocol.ts'

/** What the operations on the audit log reach inside the running gateway. */
export interface AuditParts {
  readonly auditProof: Pick<Checkpoints, 'sign'> & Pick<NoteSigner, 'verifierKeys'>
  readonly auditSearch: AuditSearchParts
}

export interface AuditSearchParts extends Pick<AuditIndexStore, 'search'> {
  /** What was kept a moment ago is found as well; within a bound of time. */
  caughtUp(): Promise<void>
  /** Whether everything that was there at the start is found. */
  isComplete(): boolean
  /** The records of rows, in their order; undefined for one that its file has lost. */
  read(rows: readonly AuditIndexRow[]): Promise<readonly (KeptEntry | undefined)[]>
}

/** Operations on the audit log. They leave no record of their own: who reads changes nothing. */
export interface AuditOperations {
  /** Signs how far it has come, where that is more than at the last checkpoint, and answers that. */
  auditCheckpoint(by: Actor): Promise<AuditCheckpointAnswer>
  /** Newest first, from where the page before has ended. */
  searchAudit(by: Actor, query: AuditSearchQuery): Promise<AuditSearchAnswer>
}

/**
 * Records of one answer.
 *
 * @limit records of one answer to a search of the audit log: the next ones follow
 */
const maxFound = 500

const time = z.iso.datetime()
const position = z.strictObject({
  at: z.int(),
  series: z.enum(auditSeries),
  seq: z.int().min(1),
})
const query = z.strictObject({
  since: time.optional(),
  until: time.optional(),
  kind: z.enum(auditKinds).optional(),
  series: z.enum(auditSeries).optional(),
  outcome: z.enum(['allowed', 'refused', 'failed', 'cut']).optional(),
  event: z.string().max(200).optional(),
  who: z.string().max(320).optional(),
  route: z.string().max(300).optional(),
  ip: z.string().max(45).optional(),
  request_id: z.string().max(100).optional(),
  q: z.string().max(200).optional(),
  max: z.int().min(1).max(maxFound),
  after: position.optional(),
})

export function auditOperations({ auditProof, auditSearch }: AuditParts): AuditOperations {
  return {
    async auditCheckpoint() {
      const note = await auditProof.sign()
      return checkpointAnswer(note, await auditProof.verifierKeys())
    },
    async searchAudit(_by, input) {
      const {
        since,
        until,
        request_id: requestId,
        q,
        max,
        after,
        ...same
      } = parseInput(query, input)
      await auditSearch.caughtUp()
      const isComplete = auditSearch.isComplete()
      // One more than is answered tells whether there is more.
      const found = await auditSearch.search(
        {
          ...same,
          sinceMs: momentOf(since),
          untilMs: momentOf(until),
          requestId,
          text: q,
          after: after && { atMs: after.at, series: after.series, seq: after.seq },
        },
        max + 1,
      )
      const rows = found.slice(0, max)
      const entries = await auditSearch.read(rows)
      const last = found.length > max ? rows.at(-1) : undefined
      return {
        records: rows.map((row, index) => foundRecord(row, entries[index])),
        next: last === undefined ? null : { at: last.atMs, series: last.series, seq: last.seq },
        is_complete: isComplete,
      }
    },
  }
}

function momentOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time)
}

function foundRecord(row: AuditIndexRow, entry: KeptEntry | undefined): FoundRecord {
  const { series, seq, kind, event, email, userId, actor, ip, route, routeId } = row
  const whom = email ?? userId
  return {
    series,
    seq,
    time: new Date(row.atMs).toISOString(),
    kind,
    event,
    who: (kind === 'admin' ? (actor ?? whom) : (whom ?? actor)) ?? null,
    ip: ip ?? null,
    route: route ?? null,
    route_id: routeId ?? null,
    request_id: row.requestId ?? null,
    outcome: row.outcome ?? null,
    record: entry ?? null,
  }
}

/** What a checkpoint says, beside its text. */
export function checkpointAnswer(
  note: string | undefined,
  keys: readonly string[],
): AuditCheckpointAnswer {
  const said = note === undefined ? undefined : checkpointOf(note)
  const heads = [...(said?.heads ?? [])]
  return {
    note: note ?? null,
    time: said?.time ?? null,
    series: heads.map(([name, { seq, hash }]) => ({ name, records: seq, hash })),
    keys,
  }
}
