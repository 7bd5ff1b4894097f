import { dirname, isAbsolute, join } from 'node:path'
import { ConfigError, SystemError } from '../../errors.ts'
import { directoryOf } from '../../access/directory.ts'
import type { Directory } from '../../access/directory.ts'
import { runInWorker } from '../worker/in-worker.ts'
import type { Files } from '../source/files.ts'
import type { Findings } from '../source/findings.ts'
import { parseDirectory } from '../worker/parse-directory.ts'
import type { Settings } from '../source/settings.ts'

/** From this length on, in UTF-16 code units, a text takes longer to read than a worker to start. */
const longTextLength = 32_768

/** Reads the file that `directory` names; `configPath` as it was given, for messages. */
export async function readDirectory(
  settings: Settings,
  configPath: string,
  files: Files,
  findings: Findings,
): Promise<Directory | undefined> {
  const path = settings.values.directory
  if (path === undefined) return undefined
  const file = await files.read(path)
  if (!file.ok) {
    findings.problems.push(settings.problem('directory', file.message))
    return undefined
  }
  const source = isAbsolute(path) ? path : join(dirname(configPath), path)
  try {
    return file.text.length < longTextLength
      ? parseDirectory(source, file.text)
      : await parseInWorker(source, file.text)
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
