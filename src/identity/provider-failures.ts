import { AuthorizationResponseError, ResponseBodyError } from 'openid-client'
import type { Clock } from '../clock.ts'
import { AccessError } from '../errors.ts'
import { createLineLimit } from '../line-limit.ts'
import type { LineLimit } from '../line-limit.ts'
import type { LogFields, Logger } from '../log.ts'
import type { NamedProviderOptions } from './providers.ts'

/** What a provider can be at fault for; see `provider-errors.ts`. */
const providerFailureCodes = [
  'provider-unavailable',
  'provider-invalid',
  'provider-refused',
  'token-refused',
] as const
export type ProviderFailureCode = (typeof providerFailureCodes)[number]

/** Tells the operator what is wrong between this gateway and its provider. */
export interface ProviderFailures {
  /**
   * One `error` line with the provider's words and a count, when the provider or its configuration here
   * is at fault. Nothing for the rest: a person who was refused, a browser that made something up.
   * `provider` is its id; undefined where it is not known, and then it is none's fault.
   */
  report(error: unknown, provider: string | undefined, fields: LogFields): void
}

/** How the settings of a provider are called. */
export type ProviderKeys = Pick<NamedProviderOptions, 'keyPrefix' | 'clientSecretKey'>

/**
 * Whoever reaches the gateway can begin sign-ins, and so make it fail at a provider that is down.
 *
 * @limit log lines a minute about an identity provider, of each kind of failure: one line counts
 * the rest
 */
const maxLinesPerMinute = 5

export function createProviderFailures(
  log: Logger,
  clock: Clock,
  count: (code: ProviderFailureCode, provider: string) => void,
  keysOf: (provider: string) => ProviderKeys | undefined,
): ProviderFailures {
  const limits = new Map<string, LineLimit>()
  const limitOf = (code: ProviderFailureCode, provider: string): LineLimit => {
    const key = `${code} ${provider}`
    const known = limits.get(key)
    if (known !== undefined) return known
    const limit = createLineLimit(clock, maxLinesPerMinute, (failures) =>
      log.error('more failures of the identity provider', { provider, reason: code, failures }),
    )
    limits.set(key, limit)
    return limit
  }
  return {
    report(error, provider, fields) {
      const code = failureOf(error)
      if (code === undefined || provider === undefined || !(error instanceof AccessError)) return
      const keys = keysOf(provider)
      // Of those that are configured alone: a session may be from before the last change of them.
      if (keys !== undefined) count(code, provider)
      if (!limitOf(code, provider).admits()) return
      const { message } = error
      log.error('the identity provider failed', {
        ...fields,
        provider,
        reason: code,
        error: message,
        hint: hintFor(code, oauthErrorOf(error), keys),
      })
    },
  }
}

/**
 * Words of OAuth and OpenID Connect that are about a person or a code (RFC 6749 §4.1.2.1 and §5.2, OIDC
 * Core §3.1.2.6). A browser brings them, or causes them with a code that it made up.
 */
const personal: readonly string[] = [
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_grant',
  'login_required',
]

function failureOf(error: unknown): ProviderFailureCode | undefined {
  if (!(error instanceof AccessError)) return undefined
  if (personal.includes(oauthErrorOf(error) ?? '')) return undefined
  return providerFailureCodes.find((code) => code === error.code)
}

function oauthErrorOf({ cause }: AccessError): string | undefined {
  const isAnswer = cause instanceof AuthorizationResponseError || cause instanceof ResponseBodyError
  return isAnswer ? cause.error : undefined
}

/** What whoever runs the gateway should look at; undefined where it is no fault of the provider's. */
export function operatorHint(error: unknown, keys: ProviderKeys): string | undefined {
  const code = failureOf(error)
  const isKnown = code !== undefined && error instanceof AccessError
  return isKnown ? hintFor(code, oauthErrorOf(error), keys) : undefined
}

/** For whoever reads the log; a person who signs in is told something else. */
function hintFor(
  code: ProviderFailureCode,
  oauthError: string | undefined,
  {
    keyPrefix: keys = '',
    clientSecretKey: secret = `${keys}client_secret`,
  }: Partial<ProviderKeys> = {},
): string {
  if (oauthError === 'invalid_client' || oauthError === 'unauthorized_client')
    return `check "${keys}client_id" and "${secret}" against what the provider shows`
  if (oauthError === 'invalid_scope')
    return `check "${keys}scopes" against what the provider offers`
  return hints[code](keys)
}

const hints: Readonly<Record<ProviderFailureCode, (keys: string) => string>> = {
  'provider-unavailable': (keys) => `check "${keys}provider_url", and that this machine reaches it`,
  'provider-invalid': (keys) =>
    `check "${keys}provider_url" letter by letter, and the clocks of the provider and of this machine`,
  'provider-refused': () => "look into the provider's own log",
  'token-refused': () => 'look into the log of the provider why it refuses its own access token',
}
