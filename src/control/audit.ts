import type { Checkpoints } from '../telemetry/audit/checkpoints.ts'
import { checkpointOf } from '../telemetry/audit/latest-checkpoint.ts'
import type { NoteSigner } from '../telemetry/audit/note-signer.ts'
import type { Actor } from './change.ts'
import type { AuditCheckpointAnswer } from './audit-protocol.ts'

/** What the operations on the audit log reach inside the running gateway. */
export interface AuditParts {
  readonly auditProof: Pick<Checkpoints, 'sign'> & Pick<NoteSigner, 'verifierKeys'>
}

/** Operations on the audit log. They leave no record of their own: who reads changes nothing. */
export interface AuditOperations {
  /** Signs how far it has come, where that is more than at the last checkpoint, and answers that. */
  auditCheckpoint(by: Actor): Promise<AuditCheckpointAnswer>
}

export function auditOperations({ auditProof }: AuditParts): AuditOperations {
  return {
    async auditCheckpoint() {
      const note = await auditProof.sign()
      return checkpointAnswer(note, await auditProof.verifierKeys())
    },
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
