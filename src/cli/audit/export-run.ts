import { join } from 'node:path'
import { noteLine, verifierKeyLine } from '../../telemetry/audit/export-lines.ts'
import { readLines } from '../../telemetry/audit/lines.ts'
import { listAuditFiles } from '../../telemetry/audit/list-files.ts'
import {
  droppedFile,
  listCheckpointFiles,
  readNotes,
  readVerifierKeys,
  splitNotes,
} from '../../telemetry/audit/note-files.ts'
import { findAuditDirectory, unreadableAudit } from '../commands/audit-directory.ts'
import type { StateOptions } from '../commands/gateway-options.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { printRecord } from '../speech/print.ts'

/** Prints everything that is kept, with what proves it before it; resolves to the exit code. */
export async function exportAudit(options: StateOptions): Promise<number> {
  const directory = await findAuditDirectory(options)
  try {
    for await (const line of exported(directory)) if (!printRecord(line)) break
  } catch (error) {
    throw unreadableAudit(directory, error)
  }
  return exitCodes.ok
}

/** What is signed is read before the records: the gateway may be writing meanwhile. */
async function* exported(directory: string): AsyncGenerator<string, void, undefined> {
  for (const key of await readVerifierKeys(directory)) yield verifierKeyLine(key)
  const files = (await listCheckpointFiles(directory)).map(({ path }) => path)
  for (const path of [join(directory, droppedFile), ...files])
    for (const { note } of splitNotes(await readNotes(path)).notes) yield noteLine(note)
  for (const { path } of await listAuditFiles(directory))
    for await (const lines of readLines(path))
      for (const { bytes, isWhole } of lines) if (isWhole) yield bytes.toString()
}
