import { isLoopbackHost } from '../../address.ts'
import type { ClaimNames } from '../../identity/person.ts'
import type { ProviderOptions } from '../../identity/provider.ts'
import type { Certificate } from '../../port/tls-contexts.ts'
import { coversHost } from './certificates.ts'
import { providers } from '../keys/providers.ts'
import type { ProviderKind, ProviderName } from '../keys/providers.ts'
import type { GlobalKey } from '../keys/keys.ts'
import type { Settings } from '../source/settings.ts'
import type { Source } from '../source/source.ts'

/** The provider that says who people are. */
export type IdentityProvider = Required<ProviderOptions & ClaimNames>

/** How people sign in. */
export interface SignInSettings {
  /** Origin where the whole sign-in runs; undefined when no route needs one. */
  readonly authenticateServiceUrl: URL | undefined
  readonly identityProvider: IdentityProvider | undefined
}

/** What the policies of all routes ask for, those of routes with faults elsewhere included. */
export interface PolicyNeeds {
  /** Whether any asks who somebody is. */
  readonly readsSubject: boolean
  /** Whether any asks what only an identity provider can say. */
  readonly needsProvider: boolean
}

/**
 * Puts together how people sign in. What is missing is a problem only when some policy asks who
 * somebody is: a gateway whose routes are all public needs no provider, nor does one that names
 * service accounts alone and nothing of a provider.
 */
export function readSignIn(
  source: Source,
  clientSecret: string | undefined,
  policies: PolicyNeeds,
): SignInSettings {
  const { settings, findings } = source
  const { values } = settings
  const name = settings.orDefault('idp_provider')
  const kind: ProviderKind = providers[name]
  if (kind.refused !== undefined) {
    const message = `"${name}" cannot be used: ${kind.refused}`
    const hint = 'a provider of "oidc", such as Dex or Keycloak, can stand in front of it'
    findings.problems.push(settings.problem('idp_provider', message, { hint }))
  } else if (
    policies.needsProvider ||
    (policies.readsSubject && providerKeys.some((key) => settings.isGiven(key)))
  ) {
    requireAll(source, name, kind)
  } else if (policies.readsSubject) noteNobodySignsIn(source)
  warnOfHttp(source)
  const scopes = settings.orDefault('idp_scopes')
  if (!scopes.includes('openid')) {
    const message = 'must contain "openid": without it the provider does not say who somebody is'
    findings.problems.push(settings.problem('idp_scopes', message))
  }
  return {
    authenticateServiceUrl: values.authenticate_service_url,
    identityProvider: provider(settings, kind, clientSecret),
  }
}

const providerKeys = [
  'idp_provider',
  'idp_provider_url',
  'idp_client_id',
  'idp_client_secret',
  'idp_client_secret_file',
] as const satisfies readonly GlobalKey[]

/** It may be meant, and it may be a provider that was forgotten. */
function noteNobodySignsIn({ settings, findings }: Source): void {
  const message = 'is not set: only the service accounts that policies name by "user" are let in'
  const hint = 'people need an identity provider to sign in'
  findings.warnings.push(settings.problem('idp_provider_url', message, { hint }))
}

/** Groups for the criterion of that name, and a refresh token, so that a session can be kept true. */
const usefulScopes = ['groups', 'offline_access']

function provider(
  { values, orDefault }: Settings,
  kind: ProviderKind,
  clientSecret: string | undefined,
): IdentityProvider | undefined {
  const shared = kind.url === undefined ? undefined : new URL(kind.url)
  const url = values.idp_provider_url ?? shared
  const clientId = values.idp_client_id
  if (url === undefined || clientId === undefined || clientSecret === undefined) return undefined
  return {
    url,
    clientId,
    clientSecret,
    scopes: orDefault('idp_scopes'),
    scopesIfKnown: values.idp_scopes === undefined ? usefulScopes : [],
    groupsClaim: orDefault('idp_groups_claim'),
    emailClaim: orDefault('idp_email_claim'),
    trustsMissingEmailVerified: orDefault('idp_trust_missing_email_verified'),
  }
}

function requireAll({ settings, findings }: Source, name: ProviderName, kind: ProviderKind): void {
  const required: readonly (readonly [readonly GlobalKey[], string])[] = [
    [['authenticate_service_url'], 'such as https://auth.example.com'],
    [['idp_provider_url'], `for "${name}": ${kind.urlForm ?? ''}`],
    [['idp_client_id'], 'the provider gives it when you register this gateway'],
    [['idp_client_secret', 'idp_client_secret_file'], 'the provider gives it with the client id'],
  ]
  for (const [keys, hint] of required) {
    const [key] = keys
    if (key === undefined || keys.some((key) => settings.isGiven(key))) continue
    if (key === 'idp_provider_url' && kind.url !== undefined) continue
    const message = 'is required, since a policy asks who somebody is'
    findings.problems.push(settings.problem(key, message, { hint }))
  }
}

function warnOfHttp({ settings, findings }: Source): void {
  const url = settings.values.idp_provider_url
  if (url?.protocol !== 'http:' || !isLoopbackHost(url.hostname)) return
  const message =
    'is not encrypted: fine for trying things out on this machine, and for nothing else'
  findings.warnings.push(settings.problem('idp_provider_url', message))
}

/** Browsers refuse a sign-in page whose certificate is for other names. */
export function warnOfUncoveredHost(
  { settings, findings }: Source,
  certificates: readonly Certificate[],
): void {
  if (settings.orDefault('autocert')) return
  const host = settings.values.authenticate_service_url?.hostname
  if (host === undefined || certificates.length === 0 || coversHost(certificates, host)) return
  const message = `no certificate is for "${host}": browsers will warn`
  findings.warnings.push(settings.problem('authenticate_service_url', message))
}
