import { lchown, lstat, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemClock } from '../clock.ts'
import { silentLogger, type LogFields } from '../log.ts'
import { auditBounds } from '../telemetry/audit/retention.ts'
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
  // What is to be dropped waits for the gateway, which signs for it.
  const keeper = openAuditFiles(auditPath, systemClock, auditBounds, () => undefined)
  const onLost = (): void => void (isKept = false)
  const audit = createAuditLog({ logger: silentLogger, keeper, onLost })
  recordChange({ audit, logger: silentLogger }, localActor, event, details)
  await audit.flushed()
  await keeper.close()
  if (isKept && process.getuid?.() === 0) await giveToOwner(auditPath)
  return isKept
}

/**
 * Of what root has made here the gateway's own user could write nothing, and would keep no entry that day. That user
 * can put links here: nothing that one leads to is given away.
 */
async function giveToOwner(auditPath: string): Promise<void> {
  const { uid, gid } = await stat(dirname(auditPath))
  for (const path of [auditPath, ...(await listAuditFiles(auditPath)).map((file) => file.path)]) {
    const found = await lstat(path)
    const isOwn = found.isDirectory() || (found.isFile() && found.nlink === 1)
    if (isOwn && found.uid !== uid) await lchown(path, uid, gid)
  }
}
