import { resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { parseYaml } from '../yaml-text.ts'
import { filesBeside } from './load.ts'
import { readStateDirectory } from './readers/state-directory.ts'
import type { Findings } from './source/findings.ts'
import { readSettings, type Environment } from './source/settings.ts'

export interface LoadStateDirectoryOptions {
  readonly path: string
  readonly env: Environment
}

/**
 * Where a configuration has the state. Whatever else is wrong with it is not what is asked: somebody is cut off while
 * the file is half written, and by an operator who may not read the keys that it names.
 *
 * @throws {ConfigError} when the file cannot be read, is no mapping, or is wrong about this
 */
export async function loadStateDirectory({
  path,
  env,
}: LoadStateDirectoryOptions): Promise<string> {
  const files = filesBeside(path)
  const file = await files.read(resolve(path))
  if (!file.ok) {
    const hint = 'name the state directory by "--state-directory", or another file by -c'
    throw new ConfigError([{ source: path, path: '', message: file.message, hint }])
  }
  const findings: Findings = { problems: [], warnings: [] }
  const settings = readSettings(parseYaml(path, file.text), env, findings)
  const problems = findings.problems.filter(({ path: key }) => key === 'state_directory')
  if (problems.length > 0) throw new ConfigError(problems)
  return readStateDirectory({ settings, env, files, findings, path, nowMs: Date.now() })
}
