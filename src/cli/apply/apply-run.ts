import type { ImportedChange, ImportOutcome } from '../../control/document-protocol.ts'
import type { AccessTextClient } from '../../control/client.ts'
import type { ReachAnswer } from '../../control/reach-protocol.ts'
import { messageOf, SystemError } from '../../errors.ts'
import { readSmallFile } from '../../reach/small-file.ts'
import { cleanLine } from '../../terminal-text.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLine, printText } from '../speech/print.ts'
import { accessClient } from './access-client.ts'
import type { ApplyOptions, ExportOptions } from './apply-options.ts'
import { reachLines, reachRequestOf } from './reach-of.ts'

/** Runs `postern export`; resolves to the exit code. */
export async function exportAccess(options: ExportOptions): Promise<number> {
  const client = await accessClient(options, 'export')
  const { text } = await client.exportAccess({ source: options.all === true ? 'all' : 'store' })
  if (options.json) printJson({ text })
  else printText(text)
  return exitCodes.ok
}

/**
 * Runs `postern apply`; resolves to the exit code.
 *
 * @throws ConfigError with every fault of the file, at its line
 */
export async function applyAccess(options: ApplyOptions): Promise<number> {
  const { file, prune = false, note: said } = options
  const text = await readText(file)
  const client = await accessClient(options, 'apply')
  const wanted = { text, source: file, prune }
  const planned = await client.importAccess({ ...wanted, dry_run: true })
  for (const { message, path } of planned.warnings) note(`warning: ${file}: ${path}: ${message}`)
  const reach = await reachOf(client, planned, { source: file, text })
  if (options.json !== true) {
    printChanges(planned)
    for (const line of reach === undefined ? [] : reachLines(reach)) printLine(line)
  }
  const isOver = options.dryRun === true || planned.changes.length === 0
  if (!isOver && options.yes === true) {
    const applied = await client.importAccess({
      ...wanted,
      based_on: planned.based_on,
      ...(said === undefined ? {} : { note: said }),
    })
    if (options.json) printJson({ ...applied, reach })
    note(`applied ${count(applied.changes)}`)
    return exitCodes.ok
  }
  if (options.json) printJson({ ...planned, reach })
  if (isOver) return exitCodes.ok
  note('nothing was changed: look at the differences, and run it again with --yes')
  return exitCodes.usage
}

/** @limit changes whose reach is asked for at once: it is not shown */
const maxReachedChanges = 1_000

async function reachOf(
  client: AccessTextClient,
  planned: ImportOutcome,
  text: { readonly source: string; readonly text: string },
): Promise<ReachAnswer | undefined> {
  const { length } = planned.changes
  if (length > maxReachedChanges)
    note(`whom ${length} changes reach is not shown: apply them in smaller steps to see it`)
  if (length === 0 || length > maxReachedChanges) return undefined
  return client.reach(await reachRequestOf(planned, text))
}

async function readText(file: string): Promise<string> {
  try {
    return await readSmallFile(file)
  } catch (cause) {
    throw new SystemError('access-file-unreadable', `cannot read "${file}": ${messageOf(cause)}`, {
      cause,
    })
  }
}

/** Each line is cleaned: names and descriptions are those of others. */
function printChanges({ changes, unchanged }: ImportOutcome): void {
  for (const { diff } of changes) printText(`${diff.split('\n').map(cleanDiffLine).join('\n')}\n`)
  const kept = unchanged === 0 ? '' : `, ${unchanged} as they are`
  note(changes.length === 0 ? `nothing changes${kept}` : `${count(changes)}${kept}`)
}

/** @limit none: characters of a line of a difference that are shown */
const maxDiffLineChars = 2_000

function cleanDiffLine(line: string): string {
  return cleanLine(line, maxDiffLineChars)
}

function count(changes: readonly ImportedChange[]): string {
  const of = (wanted: ImportedChange['change'], word: string): string => {
    const number = changes.filter(({ change }) => change === wanted).length
    return number === 0 ? '' : `${number} ${word}`
  }
  const parts = [of('created', 'new'), of('updated', 'changed'), of('deleted', 'deleted')]
  return parts.filter((part) => part !== '').join(', ') || 'nothing'
}
