import { stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { messageOf, SystemError } from '../../errors.ts'
import { replaceFile } from '../../reach/replace-file.ts'
import { note, printText } from '../speech/print.ts'

/**
 * Writes the report to a file, for its owner alone, or to stdout where the place is true.
 *
 * @throws SystemError `output-unusable`
 */
export async function writeReport(place: string | true, text: string): Promise<void> {
  if (place === true) return printText(text)
  try {
    if (await isReplaced(place)) await replaceFile(place, text)
    else await writeFile(place, text)
  } catch (cause) {
    throw new SystemError('output-unusable', `cannot write "${place}": ${messageOf(cause)}`, {
      hint: 'name a file in a directory that you may write to',
      cause,
    })
  }
  note(`the report is in "${place}": read it, and send it to whoever runs the gateway`)
}

/**
 * A device or a pipe is written to: a rename would take its place, for everybody where root does it. So is what stands
 * below `/dev`: `/dev/stdout` may lead to a regular file.
 */
async function isReplaced(place: string): Promise<boolean> {
  if (resolve(place).startsWith('/dev/')) return false
  const found = await stat(place).catch(() => undefined)
  return found === undefined || found.isFile()
}
