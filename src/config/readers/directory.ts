import { dirname, isAbsolute, join } from 'node:path'
import { ConfigError, SystemError } from '../../errors.ts'
import { directoryOf } from '../../access/directory.ts'
import type { Directory } from '../../access/directory.ts'
import { runInWorker } from '../worker/in-worker.ts'
import { parseDirectory } from '../worker/parse-directory.ts'
import type { Source } from '../source/source.ts'
import { madeOf, originOf, unchanged } from '../source/unchanged.ts'

/** From this length on, in UTF-16 code units, a text takes longer to read than a worker to start. */
const longTextLength = 32_768

/** Reads the file that `directory` names; with the text of the one that holds it is that one. */
export async function readDirectory(
  source: Source,
  known: Directory | undefined,
): Promise<Directory | undefined> {
  const { settings, files, findings } = source
  const path = settings.values.directory
  if (path === undefined) return undefined
  const file = await files.read(path)
  if (!file.ok) {
    findings.problems.push(settings.problem('directory', file.message))
    return undefined
  }
  const origin = originOf(file.text)
  const same = unchanged(known, origin)
  if (same !== undefined) return same
  const name = isAbsolute(path) ? path : join(dirname(source.path), path)
  try {
    const isLong = file.text.length >= longTextLength
    const parse = isLong ? parseInWorker : parseDirectory
    return madeOf(await parse(name, file.text), origin)
  } catch (error) {
    if (error instanceof ConfigError) findings.problems.push(...error.problems)
    else if (error instanceof SystemError) {
      findings.problems.push(settings.problem('directory', error.message, { hint: error.hint }))
    } else throw error
    return undefined
  }
}

async function parseInWorker(source: string, text: string): Promise<Directory> {
  const groups = new Map<string, readonly string[]>()
  for await (const part of runInWorker('directory', { source, text })) {
    for (const [member, theirs] of part) groups.set(member, theirs)
  }
  return directoryOf(groups)
}
