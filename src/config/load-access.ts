import { resolve } from 'node:path'
import type { Directory } from '../access/directory.ts'
import { ConfigError, type Problem } from '../errors.ts'
import type { NewRoute } from '../routes/route.ts'
import { parseYaml } from '../yaml-text.ts'
import { filesBeside } from './load.ts'
import { readDirectory } from './readers/directory.ts'
import { readPolicies } from './readers/policies.ts'
import { readRoutes } from './readers/routes.ts'
import { inOrder, type Findings } from './source/findings.ts'
import { readSettings, type Environment } from './source/settings.ts'
import type { Source } from './source/source.ts'

/** What a configuration says of who may do what. */
export interface LoadedAccess {
  /** Applications among them. */
  readonly routes: readonly NewRoute[]
  readonly directory: Directory | undefined
  readonly warnings: readonly Problem[]
}

export interface LoadAccessOptions {
  readonly path: string
  readonly env: Environment
  readonly nowMs?: number
}

/**
 * Reads the routes, the named policies and the directory of a configuration, and nothing else of it: certificates and
 * secrets of a gateway are not where policies are tested.
 *
 * @throws {ConfigError} with every problem of these
 */
export async function loadAccess({
  path,
  env,
  nowMs = Date.now(),
}: LoadAccessOptions): Promise<LoadedAccess> {
  const findings: Findings = { problems: [], warnings: [] }
  const files = filesBeside(path)
  const file = await files.read(resolve(path))
  if (!file.ok) throw new ConfigError([{ source: path, path: '', message: file.message }])
  const settings = readSettings(parseYaml(path, file.text), env, findings)
  const source: Source = { settings, env, files, findings, path, nowMs }
  const { named } = readPolicies(source)
  const { routes } = await readRoutes(source, { routes: undefined, policies: named })
  const directory = await readDirectory(source, undefined)
  if (findings.problems.length > 0) throw new ConfigError(inOrder(findings.problems))
  return { routes, directory, warnings: inOrder(findings.warnings) }
}
