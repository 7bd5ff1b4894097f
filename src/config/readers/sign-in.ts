import { isLoopbackHost } from '../../address.ts'
import type { Problem } from '../../errors.ts'
import type { NamedProviderOptions } from '../../identity/providers.ts'
import type { Certificate } from '../../port/tls-contexts.ts'
import { defaultOf } from '../../setting-key.ts'
import { providerKeys, type ProviderKey } from '../keys/provider-keys.ts'
import { providers, usefulScopes, type ProviderKind } from '../keys/providers.ts'
import type { Source } from '../source/source.ts'
import { coversHost } from './certificates.ts'
import { readLocalAccounts } from './local-accounts.ts'
import { defaultProvider, readProviders, type WrittenProvider } from './providers.ts'

/** A provider that says who people are. */
export type IdentityProvider = NamedProviderOptions & { readonly scopesIfKnown: readonly string[] }

/** How people sign in. */
export interface SignInSettings {
  /** Origin where the whole sign-in runs; undefined when no route needs one. */
  readonly authenticateServiceUrl: URL | undefined
  /** In the order in which people are offered them; none when nobody signs in. */
  readonly identityProviders: readonly IdentityProvider[]
  /** Whether people may have accounts of the gateway's own, with passkeys. **Default:** false */
  readonly localAccounts?: boolean
}

/** What the policies of all routes ask for, those of routes with faults elsewhere included. */
export interface PolicyNeeds {
  /** Whether any asks who somebody is. */
  readonly readsSubject: boolean
  /** Whether any asks what only an identity provider can say. */
  readonly needsProvider: boolean
}

/**
 * Puts together how people sign in. What is missing of the one provider is a problem only when some
 * policy asks who somebody is: a gateway whose routes are all public needs no provider, nor does one that
 * names service accounts alone and nothing of a provider.
 */
export async function readSignIn(
  source: Source,
  clientSecret: string | undefined,
  { readsSubject, needsProvider }: PolicyNeeds,
): Promise<SignInSettings> {
  const { settings, findings } = source
  const several = await readProviders(source)
  const single = defaultProvider(source, clientSecret)
  const isSingleGiven = namingKeys.some((key) => single.isGiven(key))
  const localAccounts = readLocalAccounts(source)
  const isAlone = !settings.isGiven('identity_providers') && !localAccounts
  const written = isAlone || isSingleGiven ? [single, ...several] : several
  const isUsed = needsProvider || (readsSubject && (isSingleGiven || !isAlone))
  if (isUsed && written.some((it) => kindOf(it).refused === undefined)) requireOrigin(source)
  if (!isUsed && readsSubject) noteNobodySignsIn(source)
  for (const provider of written) {
    const isRequired = isUsed || provider !== single
    findings.problems.push(...problemsOf(provider, isRequired))
    warnOfHttp(source, provider)
  }
  findings.problems.push(...repeatedIn(written))
  return {
    authenticateServiceUrl: settings.values.authenticate_service_url,
    identityProviders: written.map(toProvider).filter((it) => it !== undefined),
    ...(localAccounts && { localAccounts }),
  }
}

/** Each of them says that there is a provider. */
const namingKeys = [
  'provider',
  'provider_url',
  'client_id',
  'client_secret',
  'client_secret_file',
] as const satisfies readonly ProviderKey[]

type Values = Pick<WrittenProvider, 'values'>

function kindNameOf({ values }: Values): keyof typeof providers {
  return values.provider ?? defaultOf(providerKeys.provider)
}

function kindOf(written: Values): ProviderKind {
  return providers[kindNameOf(written)]
}

function urlOf(written: Values): URL | undefined {
  const { url: shared } = kindOf(written)
  return written.values.provider_url ?? (shared === undefined ? undefined : new URL(shared))
}

/** It may be meant, and it may be a provider that was forgotten. */
function noteNobodySignsIn({ settings, findings }: Source): void {
  const message = 'is not set: only the service accounts that policies name by "user" are let in'
  const hint = 'people need an identity provider to sign in, or "local_accounts: true"'
  findings.warnings.push(settings.problem('idp_provider_url', message, { hint }))
}

const asksWho = 'is required, since a policy asks who somebody is'

function requireOrigin({ settings, findings }: Source): void {
  if (settings.isGiven('authenticate_service_url')) return
  const hint = 'such as https://auth.example.com'
  findings.problems.push(settings.problem('authenticate_service_url', asksWho, { hint }))
}

function problemsOf(written: WrittenProvider, isRequired: boolean): readonly Problem[] {
  const { values, problem } = written
  const problems: Problem[] = []
  const { refused } = kindOf(written)
  if (refused !== undefined) {
    const message = `"${kindNameOf(written)}" cannot be used: ${refused}`
    const hint = 'a provider of "oidc", such as Dex or Keycloak, can stand in front of it'
    problems.push(problem('provider', message, { hint }))
  } else if (isRequired) problems.push(...missingIn(written))
  const { provider_url: url } = values
  const faultOfUrl = url && kindOf(written).faultOf?.(url)
  if (faultOfUrl !== undefined) problems.push(problem('provider_url', faultOfUrl))
  const isOpenId = kindOf(written).speaks === undefined
  if (isOpenId && values.scopes !== undefined && !values.scopes.includes('openid')) {
    const message = 'must contain "openid": without it the provider does not say who somebody is'
    problems.push(problem('scopes', message))
  }
  return problems
}

function missingIn(written: WrittenProvider): readonly Problem[] {
  const { isGiven, problem, isEntry } = written
  const { url, urlForm = '' } = kindOf(written)
  const missing = (key: ProviderKey, hint: string): Problem =>
    isEntry ? problem(key, `is required: ${hint}`) : problem(key, asksWho, { hint })
  const problems: Problem[] = []
  if (url === undefined && !isGiven('provider_url'))
    problems.push(missing('provider_url', `for "${kindNameOf(written)}": ${urlForm}`))
  if (!isGiven('client_id'))
    problems.push(missing('client_id', 'the provider gives it when you register this gateway'))
  if (!isGiven('client_secret') && !isGiven('client_secret_file'))
    problems.push(missing('client_secret', 'the provider gives it with the client id'))
  return problems
}

function warnOfHttp({ findings }: Source, { values, problem }: WrittenProvider): void {
  const { provider_url: url } = values
  if (url?.protocol !== 'http:' || !isLoopbackHost(url.hostname)) return
  const message =
    'is not encrypted: fine for trying things out on this machine, and for nothing else'
  findings.warnings.push(problem('provider_url', message))
}

/** One id is one provider; and whoever chooses should know between what, and be one person. */
function repeatedIn(written: readonly WrittenProvider[]): readonly Problem[] {
  return written.flatMap(({ id, values, problem }, index) => {
    const before = written.slice(0, index)
    if (before.some((other) => other.id === id)) {
      const message = `"${id}" is the provider of the keys "idp_*" already: leave out one of them`
      return [problem(undefined, message, { at: 'key' })]
    }
    const [href, name] = [urlOf({ values })?.href, nameOf({ values })]
    const same = before.find(
      (other) => urlOf(other)?.href === href && other.values.client_id === values.client_id,
    )
    if (same !== undefined && href !== undefined && values.client_id !== undefined)
      return [problem('client_id', `is that of "${same.id}", at the same provider`)]
    const namesake = before.find((other) => nameOf(other) === name)
    if (name === undefined || namesake === undefined) return []
    const message = `people would read "${name}" for "${namesake.id}" as well`
    const hint = 'give each a "name" of its own'
    return [problem(values.name === undefined ? undefined : 'name', message, { hint })]
  })
}

/** What people read where they choose. */
function nameOf(written: Values): string | undefined {
  return written.values.name ?? kindOf(written).label ?? urlOf(written)?.host
}

function toProvider(written: WrittenProvider): IdentityProvider | undefined {
  const { id, values, clientSecret, clientSecretKey, keyPrefix } = written
  const [kind, url] = [kindOf(written), urlOf(written)]
  const { client_id: clientId, domains, request_params: params = kind.requestParams } = values
  if (url === undefined || clientId === undefined || clientSecret === undefined) return undefined
  return {
    id,
    name: nameOf(written) ?? id,
    keyPrefix,
    url,
    clientId,
    clientSecret,
    clientSecretKey,
    scopes: values.scopes ?? kind.scopes ?? defaultOf(providerKeys.scopes),
    scopesIfKnown: values.scopes === undefined ? (kind.scopesIfKnown ?? usefulScopes) : [],
    groupsClaim: values.groups_claim ?? defaultOf(providerKeys.groups_claim),
    emailClaim: values.email_claim ?? defaultOf(providerKeys.email_claim),
    trustsMissingEmailVerified:
      values.trust_missing_email_verified ?? defaultOf(providerKeys.trust_missing_email_verified),
    ...(params && { requestParams: params }),
    ...(kind.dialect && { dialect: kind.dialect }),
    ...(kind.speaks && { speaks: kind.speaks }),
    ...(domains && { domains }),
  }
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
