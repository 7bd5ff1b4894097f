import type { AuditCheckpointAnswer } from '../../control/audit-protocol.ts'
import { checkpointAnswer } from '../../control/audit.ts'
import { createControlClient } from '../../control/client.ts'
import { AppError } from '../../errors.ts'
import { latestCheckpoint } from '../../telemetry/audit/latest-checkpoint.ts'
import { readVerifierKeys } from '../../telemetry/audit/note-files.ts'
import { findAuditDirectory, unreadableAudit } from '../commands/audit-directory.ts'
import type { SessionsOptions, StateOptions } from '../commands/gateway-options.ts'
import { findStateDirectory } from '../commands/state-directory.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLongLine, printText } from '../speech/print.ts'

/** Prints the last checkpoint; resolves to the exit code. */
export async function printCheckpoint(options: SessionsOptions): Promise<number> {
  const answer = await readCheckpoint(options)
  if (options.json) printJson(answer)
  else if (answer.note !== null) printText(answer.note)
  if (answer.note !== null) return exitCodes.ok
  note('there is no checkpoint yet: the gateway signs one five minutes after the first entry')
  return exitCodes.system
}

/** Prints the public keys that sign checkpoints; resolves to the exit code. */
export async function printKeys(options: SessionsOptions): Promise<number> {
  const { keys } = await readCheckpoint(options)
  if (options.json) printJson({ keys })
  else for (const key of keys) printLongLine(key)
  if (keys.length > 0) return exitCodes.ok
  note('there is no key yet: the gateway makes one with its first checkpoint')
  return exitCodes.system
}

/** Of the gateway that runs, which signs a new one, or of its files. */
async function readCheckpoint(options: StateOptions): Promise<AuditCheckpointAnswer> {
  const stateDirectory = await findStateDirectory(options)
  try {
    return await createControlClient(stateDirectory).auditCheckpoint()
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'gateway-not-running') throw error
  }
  const directory = await findAuditDirectory({ stateDirectory })
  try {
    const last = await latestCheckpoint(directory)
    return checkpointAnswer(last, (await readVerifierKeys(directory)).toReversed())
  } catch (error) {
    throw unreadableAudit(directory, error)
  }
}
