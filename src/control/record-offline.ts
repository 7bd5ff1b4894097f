import { chown, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { silentLogger, type LogFields } from '../log.ts'
import { openAuditFiles } from '../telemetry/audit/audit-files.ts'
import { listAuditFiles } from '../telemetry/audit/list-files.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { localActor, recordChange } from './change.ts'

/**
 * Keeps what a command has changed while no gateway runs: one that does is told, and keeps it by itself.
 * The caller holds the lock of the state directory. False when it could not be kept.
 */
export async function recordOffline(
  auditPath: string,
  event: string,
  details: LogFields,
): Promise<boolean> {
  let isKept = true
  const keeper = openAuditFiles(auditPath)
  const onLost = (): void => void (isKept = false)
  const audit = createAuditLog({ logger: silentLogger, keeper, onLost })
  recordChange({ audit, logger: silentLogger }, localActor, event, details)
  await audit.flushed()
  await keeper.close()
  if (isKept && process.getuid?.() === 0) await giveToOwner(auditPath)
  return isKept
}

/** Of what root has made here the gateway's own user could write nothing, and would keep no entry that day. */
async function giveToOwner(auditPath: string): Promise<void> {
  const { uid, gid } = await stat(dirname(auditPath))
  for (const path of [auditPath, ...(await listAuditFiles(auditPath)).map((file) => file.path)])
    if ((await stat(path)).uid !== uid) await chown(path, uid, gid)
}
