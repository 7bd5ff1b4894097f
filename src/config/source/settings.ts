import type { z } from 'zod'
import { ConfigError } from '../../errors.ts'
import type { Problem } from '../../errors.ts'
import { checkAt, checkValue, mustBe } from '../../schema.ts'
import { formatPath, parseYaml } from '../../yaml-text.ts'
import type { Path, ProblemDetails, YamlText } from '../../yaml-text.ts'
import { tellAt, type Findings } from './findings.ts'
import { judgeForeignKey, sortForeignKeys } from '../../foreign-keys.ts'
import { routeKeyNames } from '../../routes/route-keys.ts'
import { defaultOf, type Key } from '../../setting-key.ts'
import { foreignGlobalKeys } from '../keys/foreign-global-keys.ts'
import { globalKeyNames, globalKeys } from '../keys/keys.ts'
import type { GlobalKey, GlobalValues } from '../keys/keys.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The global keys as they were given, from the file and the environment. */
export interface Settings {
  /** What was given and is right; defaults are not in it. */
  readonly values: GlobalValues
  /** What was given and is right, else the default of the key; for keys that have one. */
  readonly orDefault: <Name extends GlobalKey>(key: Name) => NonNullable<GlobalValues[Name]>
  /** Whether a key was given, right or wrong: then its absence is no second fault. */
  isGiven(key: GlobalKey): boolean
  /** A fault of a key, at its place in the file or named by its variable. */
  problem(key: GlobalKey, message: string, details?: ProblemDetails & { within?: Path }): Problem
  /** Names of the environment variables that were used. */
  readonly environment: readonly string[]
  /** The file. */
  readonly text: YamlText
  /** The text the routes stand in, and where. */
  readonly routes: { readonly text: YamlText; readonly path: Path }
}

/** A secret and the key of its file: a variable for one of them replaces both in the file. */
export const secretFiles = {
  idp_client_secret: 'idp_client_secret_file',
  shared_secret: 'shared_secret_file',
  cookie_secret: 'cookie_secret_file',
  token_encryption_key: 'token_encryption_key_file',
} as const satisfies Partial<Record<GlobalKey, GlobalKey>>

/**
 * Reads every global key but the routes' own; environment variables win over the file.
 *
 * @throws {ConfigError} when the text is no mapping at all
 */
export function readSettings(text: YamlText, env: Environment, findings: Findings): Settings {
  const mapping = requireMapping(text)
  const unread = sortForeignKeys(mapping, {
    known: globalKeyNames,
    foreign: foreignGlobalKeys,
    elsewhere: { keys: routeKeyNames, hint: 'it is a key of a route' },
  })
  tellAt(text, [], unread, findings)
  refuseForeignVariables(env, findings)
  const variables = variablesOf(env)
  const inFile = keysInFile(mapping, variables)
  const problem: Settings['problem'] = (key, message, { within = [], hint, at } = {}) =>
    variables.has(key)
      ? { source: key.toUpperCase(), path: formatPath(within), message, hint }
      : text.problem([key, ...within], message, { hint, ...(at === undefined ? {} : { at }) })
  const values: Record<string, unknown> = {}
  let routes: Settings['routes'] = { text, path: ['routes'] }
  for (const [key, raw] of variables) {
    if (key !== 'routes') take(values, key, checkValue(raw, schemaOf(key)), problem, findings)
    else {
      const decoded = decodeRoutes(String(raw), findings)
      values['routes'] = decoded?.value
      if (decoded !== undefined) routes = { text: decoded, path: [] }
    }
  }
  for (const key of inFile) {
    const checked = checkAt(text, [key], schemaOf(key))
    if (checked.ok) values[key] = checked.value
    else findings.problems.push(...checked.problems)
  }
  return {
    values,
    orDefault: <Name extends GlobalKey>(key: Name) =>
      (values[key] ?? defaultOf<unknown>(globalKeys[key])) as NonNullable<GlobalValues[Name]>,
    isGiven: (key) => variables.has(key) || inFile.has(key),
    problem,
    environment: [...variables.keys()].map((key) => key.toUpperCase()),
    text,
    routes,
  }
}

/** The refused keys that are set as environment variables: nobody may believe they are honoured. */
function refuseForeignVariables(env: Environment, findings: Findings): void {
  for (const row of foreignGlobalKeys.filter((key) => key.class === 'refused')) {
    const name = row.key.replace('.', '_').toUpperCase()
    const value = env[name]
    const finding = value === '' ? undefined : judgeForeignKey(row, value)
    if (finding !== undefined) findings.problems.push({ source: name, path: '', ...finding })
  }
}

/** Everything else is about keys: without any, there is nothing more to say. */
function requireMapping(text: YamlText): object {
  const { value } = text
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  const isEmpty = value === undefined || value === null
  const message = isEmpty
    ? 'is empty: expected keys such as "certificate_file" and "routes"'
    : mustBe('a mapping of keys to values', value)
  throw new ConfigError([text.problem([], message)])
}

function keysInFile(
  mapping: object,
  variables: ReadonlyMap<GlobalKey, unknown>,
): ReadonlySet<GlobalKey> {
  const replaced = new Set<GlobalKey>(variables.keys())
  for (const [plain, file] of Object.entries(secretFiles)) {
    const keys = [plain as GlobalKey, file]
    if (keys.some((key) => variables.has(key))) for (const key of keys) replaced.add(key)
  }
  const given = globalKeyNames.filter((key) => Object.hasOwn(mapping, key))
  return new Set(given.filter((key) => !replaced.has(key)))
}

function variablesOf(env: Environment): ReadonlyMap<GlobalKey, unknown> {
  const variables = new Map<GlobalKey, unknown>()
  for (const key of globalKeyNames) {
    const text = env[key.toUpperCase()]
    const { variable } = globalKeys[key]
    if (text === undefined || text === '' || variable === 'none') continue
    variables.set(key, readVariable(text, variable))
  }
  return variables
}

const flags: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false }

function readVariable(text: string, how: Key<unknown>['variable']): unknown {
  if (how === 'flag') return flags[text.toLowerCase()] ?? text
  if (how !== 'list') return text
  const items = text.split(',').map((item) => item.trim())
  return items.filter((item) => item !== '')
}

/** `ROUTES`: base64 of the list of routes, YAML or JSON. */
function decodeRoutes(base64: string, findings: Findings): YamlText | undefined {
  try {
    const text = parseYaml('ROUTES', Buffer.from(base64, 'base64').toString('utf8'))
    if (Array.isArray(text.value)) return text
    findings.problems.push(text.problem([], 'must be base64 of a list of routes, YAML or JSON'))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    findings.problems.push(...error.problems)
  }
  return undefined
}

function take(
  values: Record<string, unknown>,
  key: GlobalKey,
  checked: ReturnType<typeof checkValue>,
  problem: Settings['problem'],
  findings: Findings,
): void {
  if (checked.ok) values[key] = checked.value
  else {
    const problems = checked.faults.map(({ message, path, hint }) =>
      problem(key, message, { within: path, hint }),
    )
    findings.problems.push(...problems)
  }
}

function schemaOf(key: GlobalKey): z.ZodType {
  return globalKeys[key].schema
}
