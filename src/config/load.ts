import { dirname, resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { parseYaml } from '../yaml-text.ts'
import type { GatewayConfig } from './config.ts'
import { readAdministrators } from './readers/administrators.ts'
import { readAuditForward } from './readers/audit-forward.ts'
import { readAutocert } from './readers/autocert.ts'
import { readRoutes } from './readers/routes.ts'
import { checkApplicationHosts } from './readers/application-hosts.ts'
import { readCertificates } from './readers/certificates.ts'
import { readDownloads } from './readers/downloads.ts'
import { readDirectory } from './readers/directory.ts'
import { clientCertificateUse, readDownstreamMtls } from './readers/downstream-mtls.ts'
import { readPolicies } from './readers/policies.ts'
import { readPlain } from './readers/plain.ts'
import { readProxyProtocol, warnOfSilentEdge } from './readers/proxy-protocol.ts'
import { readSecrets, warnOfExposed } from './readers/secrets.ts'
import { readSignIn, warnOfUncoveredHost } from './readers/sign-in.ts'
import { readSites } from './readers/sites.ts'
import { warnOfSharedTunnels } from './readers/shared-tunnels.ts'
import { readTracing } from './readers/tracing.ts'
import { warnOfStrangers } from './readers/strangers.ts'
import { readStateDirectory } from './readers/state-directory.ts'
import { createFiles } from '../files.ts'
import type { Files } from '../files.ts'
import { inOrder } from './source/findings.ts'
import type { Findings } from './source/findings.ts'
import { readSettings } from './source/settings.ts'
import type { Environment } from './source/settings.ts'
import type { Source } from './source/source.ts'

export interface LoadOptions {
  /** The configuration file; messages name it as it is given here. */
  readonly path: string
  readonly env: Environment
  /** For telling whether certificates have expired; milliseconds since the epoch. */
  readonly nowMs?: number
  /** Reads the files; its `seen` tells which, also when they cannot be used. */
  readonly files?: Files
  /** The configuration that holds now: what of this is not changed stays the same object. */
  readonly running?: Pick<GatewayConfig, 'routes' | 'directory' | 'downstreamMtls'> | undefined
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
  running,
}: LoadOptions): Promise<LoadedConfig> {
  const findings: Findings = { problems: [], warnings: [] }
  const file = await files.read(resolve(path))
  if (!file.ok) {
    throw new ConfigError([{ source: path, path: '', message: file.message }])
  }
  const text = parseYaml(path, file.text)
  const settings = readSettings(text, env, findings)
  const source: Source = { settings, env, files, findings, path, nowMs }
  const downstreamMtls = await readDownstreamMtls(source, running?.downstreamMtls)
  const { filePolicies, named } = readPolicies(source)
  const known = { routes: running?.routes, policies: named }
  const { routes, fileRoutes, ...routeNeeds } = await readRoutes(source, known)
  const autocert = await readAutocert(source)
  const certificates = await readCertificates(source)
  const { sites, siteCertificates, ...siteNeeds } = await readSites(source, certificates)
  warnOfSharedTunnels(source, routes, sites)
  const { administrators, ...ownNeeds } = readAdministrators(source)
  const needs = [routeNeeds, siteNeeds, ownNeeds]
  const policyNeeds = {
    readsSubject: needs.some(({ readsSubject }) => readsSubject),
    needsProvider: needs.some(({ needsProvider }) => needsProvider),
  }
  const { idpClientSecret, ...secrets } = await readSecrets(source)
  const signIn = await readSignIn(source, idpClientSecret, policyNeeds)
  const directory = await readDirectory(source, running?.directory)
  const auditForward = await readAuditForward(source)
  const downloads = await readDownloads(source)
  const tracing = readTracing(source)
  const proxyProtocol = readProxyProtocol(source)
  warnOfSilentEdge(source)
  warnOfStrangers(source, signIn.identityProviders, routes)
  warnOfUncoveredHost(source, certificates)
  checkApplicationHosts(source, [...certificates, ...siteCertificates])
  if (file.readableBy === 'others') warnOfExposed(text, findings)
  if (findings.problems.length > 0) throw new ConfigError(inOrder(findings.problems))
  return {
    config: {
      ...readPlain(source),
      ...secrets,
      ...signIn,
      certificates: [...certificates, ...siteCertificates],
      ...(autocert && { autocert }),
      ...(auditForward.length > 0 && { auditForward }),
      downstreamMtls,
      proxyProtocol,
      directory,
      routes,
      fileRoutes,
      filePolicies,
      clientCertificates: clientCertificateUse(settings),
      sites,
      ...(administrators && { administrators }),
      ...(downloads && { downloads }),
      ...(tracing && { tracing }),
      stateDirectory: readStateDirectory(source),
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
