import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ConfigError, SystemError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { homeDirectory } from '../home-directory.ts'
import { parseYaml } from '../yaml-text.ts'
import type { YamlText } from '../yaml-text.ts'
import { connectionsByMemory } from '../port/peers/memory.ts'
import { readCertificates } from './readers/certificates.ts'
import type { GatewayConfig } from './config.ts'
import type { Certificate } from '../port/tls-contexts.ts'
import { clientCertificateUse, readDownstreamMtls } from './readers/downstream-mtls.ts'
import { readDirectory } from './readers/directory.ts'
import { createFiles } from './source/files.ts'
import type { Files } from './source/files.ts'
import { inOrder } from './source/findings.ts'
import type { Findings } from './source/findings.ts'
import { readSignIn, warnOfUncoveredHost } from './readers/sign-in.ts'
import { defaultOf as fallback } from './keys/key.ts'
import { globalKeys } from './keys/keys.ts'
import type { GlobalValues } from './keys/keys.ts'
import { readProxyProtocol, warnOfSilentEdge } from './readers/proxy-protocol.ts'
import { readRoutes } from './read-routes.ts'
import { readSecrets } from './readers/secrets.ts'
import type { Secrets } from './readers/secrets.ts'
import { readSettings } from './source/settings.ts'
import type { Environment, Settings } from './source/settings.ts'

export interface LoadOptions {
  /** The configuration file; messages name it as it is given here. */
  readonly path: string
  readonly env: Environment
  /** For telling whether certificates have expired; milliseconds since the epoch. */
  readonly nowMs?: number
  /** Reads the files; its `seen` tells which, also when they cannot be used. */
  readonly files?: Files
}

export interface LoadedConfig {
  readonly config: GatewayConfig
  readonly warnings: readonly Problem[]
  /** Names of the environment variables that were used instead of keys of the file. */
  readonly environment: readonly string[]
  /**
   * Everything that was read, by absolute path, with a fingerprint of its content: a change to any of it
   * is a reason to load again.
   */
  readonly files: ReadonlyMap<string, string>
}

/**
 * Loads a gateway's configuration: reads its file, the files that names, and the environment. Makes
 * and changes nothing, resolves no name and asks nobody.
 *
 * @throws {ConfigError} with every problem there is
 */
export async function loadConfig({
  path,
  env,
  nowMs = Date.now(),
  files = filesBeside(path),
}: LoadOptions): Promise<LoadedConfig> {
  const findings: Findings = { problems: [], warnings: [] }
  const folder = dirname(resolve(path))
  const file = await files.read(resolve(path))
  if (!file.ok) {
    throw new ConfigError([{ source: path, path: '', message: file.message }])
  }
  const text = parseYaml(path, file.text)
  const settings = readSettings(text, env, findings)
  const { text: routesText, path: routesPath } = settings.routes
  const downstreamMtls = await readDownstreamMtls({ settings, env, files, findings, nowMs })
  const clientCertificates = clientCertificateUse(settings)
  const routes = await readRoutes(routesText, routesPath, findings, {
    files,
    nowMs,
    clientCertificates,
  })
  const certificates = await readCertificates(settings, files, findings, nowMs)
  const secrets = await readSecrets(settings, files, findings)
  const signIn = readSignIn(settings, secrets.idpClientSecret, routes, findings)
  const directory = await readDirectory(settings, path, files, findings)
  const proxyProtocol = readProxyProtocol(settings, findings)
  warnOfSilentEdge(settings, settings.values.address ?? fallback(globalKeys.address), findings)
  warnOfUncoveredHost(settings, certificates, findings)
  if (file.readableBy === 'others') warnOfExposed(text, findings)
  if (findings.problems.length > 0) throw new ConfigError(inOrder(findings.problems))
  return {
    config: {
      ...plainSettings(settings, certificates, secrets),
      ...signIn,
      proxyProtocol,
      downstreamMtls,
      directory,
      stateDirectory: stateDirectory(settings, env, folder),
      routes: routes.routes,
    },
    warnings: inOrder(findings.warnings),
    environment: settings.environment,
    files: files.seen,
  }
}

/** Reads the files of a configuration; relative paths start at its folder. */
export function filesBeside(path: string): Files {
  return createFiles(dirname(resolve(path)))
}

type PlainSettings = Omit<
  GatewayConfig,
  | 'authenticateServiceUrl'
  | 'identityProvider'
  | 'downstreamMtls'
  | 'proxyProtocol'
  | 'directory'
  | 'stateDirectory'
  | 'routes'
>

function plainSettings(
  { values }: Settings,
  certificates: readonly Certificate[],
  { sharedSecret, cookieSecret, tokenEncryptionKeys }: Secrets,
): PlainSettings {
  return {
    address: values.address ?? fallback(globalKeys.address),
    certificates,
    sharedSecret,
    cookieSecret,
    tokenEncryptionKeys,
    cookieName: values.cookie_name ?? fallback(globalKeys.cookie_name),
    cookieExpireMs: values.cookie_expire ?? fallback(globalKeys.cookie_expire),
    sessionRefreshIntervalMs:
      values.session_refresh_interval ?? fallback(globalKeys.session_refresh_interval),
    timeoutIdleMs: values.timeout_idle ?? fallback(globalKeys.timeout_idle),
    timeoutReadMs: values.timeout_read ?? fallback(globalKeys.timeout_read),
    timeoutWriteMs: values.timeout_write ?? fallback(globalKeys.timeout_write),
    maxSessionsPerUser: values.max_sessions_per_user ?? fallback(globalKeys.max_sessions_per_user),
    maxTunnelsPerUser: values.max_tunnels_per_user ?? fallback(globalKeys.max_tunnels_per_user),
    peerLimits: {
      maxConnectionsPerAddress:
        values.max_connections_per_address ?? fallback(globalKeys.max_connections_per_address),
      maxConnections:
        values.max_connections ??
        Math.min(fallback(globalKeys.max_connections), connectionsByMemory()),
    },
    logLevel: values.log_level ?? fallback(globalKeys.log_level),
    accessLogFields: values.access_log_fields,
    authorizeLogFields: values.authorize_log_fields,
    metricsAddress: values.metrics_address,
    programmaticRedirectDomains:
      values.programmatic_redirect_domain_whitelist ??
      fallback(globalKeys.programmatic_redirect_domain_whitelist),
    deviceLogin: values.device_login ?? fallback(globalKeys.device_login),
  }
}

/**
 * Where state lives: the key, else systemd's folder (the first of several), else the XDG one, which
 * counts only when absolute.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
function stateDirectory({ values }: Settings, env: Environment, folder: string): string {
  if (values.state_directory !== undefined) return resolve(folder, values.state_directory)
  return defaultStateDirectory(env)
}

/**
 * Where the state lies when nothing says otherwise.
 *
 * @throws SystemError `state-directory-unusable` for a user without a home
 */
export function defaultStateDirectory(env: Environment): string {
  const [systemd = ''] = (env['STATE_DIRECTORY'] ?? '').split(':')
  if (isAbsolute(systemd)) return systemd
  const xdg = env['XDG_STATE_HOME'] ?? ''
  if (isAbsolute(xdg)) return join(xdg, 'postern', 'gateway')
  const home = homeDirectory(() => env['HOME'] || homedir())
  if (home === undefined) {
    const what = 'there is no place for the state: this user has no home directory'
    throw new SystemError('state-directory-unusable', what, {
      hint: 'name one with "state_directory", or with "--state-directory" for a command about it',
    })
  }
  return join(home, '.local', 'state', 'postern', 'gateway')
}

const inlineSecrets = [
  'certificate_key',
  'idp_client_secret',
  'shared_secret',
  'cookie_secret',
  'token_encryption_key',
] as const satisfies readonly (keyof GlobalValues)[]

function warnOfExposed(text: YamlText, findings: Findings): void {
  const mapping = text.value
  if (typeof mapping !== 'object' || mapping === null) return
  const [first] = inlineSecrets.filter((key) => Object.hasOwn(mapping, key))
  if (first === undefined) return
  const message = 'is a secret in a file that everybody on this machine can read'
  findings.warnings.push(text.problem([first], message, { hint: 'chmod 600 the file', at: 'key' }))
}
