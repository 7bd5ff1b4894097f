import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import { importCloudflare, type LeftOver } from '../../config/import/cloudflare.ts'
import { createFiles } from '../../files.ts'
import { ConfigError, messageOf, systemCode, SystemError } from '../../errors.ts'
import { cleanLine } from '../../terminal-text.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printText } from '../speech/print.ts'

export interface ImportOptions {
  readonly from: 'cloudflare'
  readonly out?: string
}

/** Runs `postern tunnel import`; resolves to the exit code. */
export async function runImport(file: string, { out }: ImportOptions): Promise<number> {
  const { applications, leftOver, shortestSession } = await readApplications(file)
  // As it would be typed: no anchors for what is there twice, and nothing folded.
  const text = stringify({ access: applications }, { aliasDuplicateObjects: false, lineWidth: 0 })
  if (out === undefined) printText(text)
  else await writeNew(out, text)
  for (const left of leftOver) note(cleanLine(line(left)))
  const many = applications.length === 1 ? 'application' : 'applications'
  note(`${applications.length} ${many}, ${leftOver.length} left over`)
  if (applications.length > 0) {
    note('  hint: each leads to whichever tunnel registers its name; add "service" for another')
  }
  if (shortestSession !== undefined) {
    note(
      `  hint: the shortest "session_duration" is ${shortestSession}: "cookie_expire" of the gateway (14h where it is not set) may be no longer`,
    )
  }
  return leftOver.length === 0 ? exitCodes.ok : exitCodes.usage
}

async function readApplications(file: string): Promise<ReturnType<typeof importCloudflare>> {
  const found = await createFiles(process.cwd()).read(file)
  if (!found.ok) throw faultOf(file, found.message)
  try {
    return importCloudflare(JSON.parse(found.text))
  } catch (error) {
    throw faultOf(file, `is not the JSON of Cloudflare's API: ${messageOf(error)}`)
  }
}

function faultOf(source: string, message: string): ConfigError {
  return new ConfigError([{ source, path: '', message }])
}

function line({ application, policy, path, message }: LeftOver): string {
  const where = policy === undefined ? '' : `, policy "${policy}"`
  const at = path === undefined || path === '' ? '' : ` ${path}:`
  return `application "${application}"${where}:${at} ${message}`
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    if (systemCode(error) === 'EEXIST') {
      const details = { hint: 'remove it, or name another one', cause: error }
      throw new SystemError('output-exists', `"${path}" already exists`, details)
    }
    const message = `cannot write "${path}": ${messageOf(error)}`
    throw new SystemError('output-unusable', message, { cause: error })
  }
}
