import { dirname, resolve } from 'node:path'
import { ConfigError, SystemError, type Problem } from '../../errors.ts'
import { createFiles, type Files } from '../../files.ts'
import { exposureOf } from '../../file-text.ts'
import type { LogLevel } from '../../log.ts'
import type { ListenAddress } from '../../net/listen-address.ts'
import { readKeys } from '../../read-keys.ts'
import { defaultOf } from '../../setting-key.ts'
import type { TunnelCredential } from '../../tunnel/tunnel-credential.ts'
import { checkValue } from '../../schema.ts'
import { parseYaml, type YamlText } from '../../yaml-text.ts'
import { mergeOriginRequest } from '../ingress/origin-request.ts'
import { readIngress, type IngressReading } from '../ingress/read-ingress.ts'
import type { IngressRule } from '../ingress/rules.ts'
import type { OriginService } from '../ingress/service.ts'
import { configKeys, foreignConfigKeys, type ConfigValues } from './config-keys.ts'
import { findCredential, type FindCredentialOptions } from './find-credential.ts'

/** Settings of the command line, or of the environment. */
export interface GivenSettings {
  /** As text, by the names of the file's keys. */
  readonly values: Readonly<Partial<Record<keyof ConfigValues, string | undefined>>>
  /** How the setting is called there, such as `--token-file`. */
  readonly nameOf: (key: keyof ConfigValues) => string
}

export interface LoadConfigOptions extends Omit<FindCredentialOptions, 'files'> {
  /** The configuration file; undefined: none. */
  readonly path: string | undefined
  /** In the order in which they win; the file comes after them. */
  readonly given: readonly GivenSettings[]
  readonly files?: Files
}

export interface ConnectorConfig {
  readonly credential: TunnelCredential
  /** Where what the connector learns can be kept; undefined: nowhere. */
  readonly credentialsFile: string | undefined
  readonly rules: readonly IngressRule[]
  readonly hostnames: readonly string[]
  readonly gracePeriodMs: number
  readonly metrics: ListenAddress | undefined
  readonly logLevel: LogLevel
  /** A file of further authorities for the gateway's certificate. */
  readonly caFile: string | undefined
}

export interface LoadedConfig {
  readonly config: ConnectorConfig
  /** Of rules that are not served; the others are. */
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Everything that was read, by absolute path, with the fingerprint of its content. */
  readonly files: ReadonlyMap<string, string>
}

/**
 * Loads a connector's configuration: the command line, then the environment, then the file.
 *
 * @throws ConfigError with every problem that leaves nothing to run, unknown keys included; SystemError `no-credential`, `no-service`
 * or `invalid-tunnel-token`
 */
export async function loadConnectorConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  const { path } = options
  const files = options.files ?? createFiles(path === undefined ? '.' : dirname(resolve(path)))
  const file = path === undefined ? noFile : await readFile(path, files)
  const given = options.given.map(readGiven)
  const layers = [...given, file.values]
  const { credential, file: found } = await findCredential(layers, { ...options, files }).catch(
    (error: unknown) => {
      throw besideUnknownKeys(error, file)
    },
  )
  const ingress = ingressOf(given, file)
  requireService(ingress)
  const of = <Name extends keyof ConfigValues>(name: Name): ConfigValues[Name] | undefined =>
    layers.find((layer) => layer[name] !== undefined)?.[name]
  const hostname = of('hostname')
  const caFile = of('cacert')
  return {
    config: {
      credential,
      credentialsFile: found === undefined ? undefined : resolve(folderOf(path), found),
      rules: ingress.rules,
      hostnames: hostname === undefined ? [] : [hostname],
      gracePeriodMs: of('grace-period') ?? defaultOf(configKeys['grace-period']),
      metrics: of('metrics'),
      logLevel: of('loglevel') ?? defaultOf(configKeys.loglevel),
      caFile: caFile === undefined ? undefined : resolve(folderOf(path), caFile),
    },
    problems: [...file.problems, ...ingress.problems],
    warnings: [...file.warnings, ...ingress.warnings],
    files: files.seen,
  }
}

/** The rules of a file alone, for whoever checks them; problems of other keys are among its own. */
export async function loadIngress(path: string): Promise<IngressReading> {
  const file = await readFile(path, createFiles(dirname(resolve(path))))
  const ingress = ingressOf([], file)
  return {
    rules: ingress.rules,
    problems: [...file.problems, ...ingress.problems],
    warnings: [...file.warnings, ...ingress.warnings],
  }
}

function folderOf(path: string | undefined): string {
  return path === undefined ? '.' : dirname(resolve(path))
}

interface ReadFile {
  readonly text: YamlText | undefined
  readonly values: ConfigValues
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

const noFile: ReadFile = { text: undefined, values: {}, problems: [], warnings: [] }

async function readFile(path: string, files: Files): Promise<ReadFile> {
  const read = await files.read(resolve(path))
  if (!read.ok) throw new ConfigError([{ source: path, path: '', message: read.message }])
  const text = parseYaml(path, read.text)
  const { values, problems, warnings } = readKeys(text, [], configKeys, foreignConfigKeys)
  // Also where the file says it in a way that was not understood: no setting is silently another one.
  const unknown = problems.filter(({ message }) => message === 'unknown key')
  const wrong = problems.filter((problem) => !unknown.includes(problem))
  if (wrong.length > 0) throw new ConfigError(wrong)
  const exposure = values.token === undefined ? undefined : exposureOf(read)
  const exposed =
    exposure === undefined ? [] : [text.problem(['token'], 'is in a file that others can read')]
  return { text, values, problems: unknown, warnings: [...warnings, ...exposed] }
}

/** Each is read as the file's own would be, but that paths start where the program does. */
function readGiven({ values: given, nameOf }: GivenSettings): ConfigValues {
  const problems: Problem[] = []
  const values: Record<string, unknown> = {}
  for (const [name, text] of Object.entries(given)) {
    const setting = name as keyof ConfigValues
    if (text === undefined) continue
    const checked = checkValue<unknown>(text, configKeys[setting].schema)
    if (checked.ok) values[name] = paths.has(setting) ? resolve(text) : checked.value
    else {
      const source = nameOf(setting)
      problems.push(
        ...checked.faults.map(({ message, hint }) => ({ source, path: '', message, hint })),
      )
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return values
}

const paths: ReadonlySet<keyof ConfigValues> = new Set([
  'credentials-file',
  'token-file',
  'cacert',
] as const)

/** One that is given wins over the rules of the file. */
function ingressOf(given: readonly ConfigValues[], file: ReadFile): IngressReading {
  const url = given.find((layer) => layer.url !== undefined)?.url
  if (url !== undefined) return single(url)
  if (file.text !== undefined && Object.hasOwn(file.text.value as object, 'ingress')) {
    return readIngress(file.text)
  }
  if (file.values.url !== undefined) return single(file.values.url)
  const missing = new SystemError('no-service', 'no service is named: nothing could be reached', {
    hint: 'give one with "--url tcp://localhost:PORT", or "ingress" in the configuration file',
  })
  throw besideUnknownKeys(missing, file)
}

/** What is missing may stand in the file under a name that nobody knows: both are told, at once. */
function besideUnknownKeys(error: unknown, { problems }: ReadFile): unknown {
  const [first] = problems
  const isMissing =
    error instanceof SystemError && (error.code === 'no-service' || error.code === 'no-credential')
  if (first === undefined || !isMissing) return error
  const { message, hint } = error
  return new ConfigError([...problems, { source: first.source, path: '', message, hint }])
}

function single(service: OriginService): IngressReading {
  const request = mergeOriginRequest({}, {})
  const rule = { hostname: undefined, text: service.text, service, request }
  return { rules: [rule], problems: [], warnings: [] }
}

/** Rules that all answer that nothing is served are a mistake, and not a connector. */
function requireService({ rules, problems }: IngressReading): void {
  const served = rules.some(({ service }) => service !== undefined && service.kind !== 'status')
  if (served) return
  if (problems.length > 0) throw new ConfigError(problems)
  throw new SystemError('no-service', 'none of the rules leads to a service')
}
