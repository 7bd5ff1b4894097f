import { decodeJwt, errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import { AccessError } from '../errors.ts'
import type { ProviderLogout } from '../store/provider-logout.ts'
import { publicKeyAlgorithms } from './provider-keys.ts'
import type { NamedProvider } from './providers.ts'

/** By whom a logout token must be, and for whom. */
export interface LogoutTokenRules {
  readonly provider: Pick<NamedProvider, 'id' | 'issuer' | 'clientId' | 'userIdOf'>
  readonly keys: JWTVerifyGetKey
  readonly nowMs: number
}

/** As for id tokens, in seconds. */
const clockToleranceSeconds = 60
/**
 * Providers send them at once, and are told to let them last for two minutes. Some leave out when theirs ends.
 *
 * @limit age of a logout token of the identity provider: 400, and its sessions stay until they are refreshed
 */
const maxTokenAgeSeconds = 300

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Whoever sends nothing says what it is by its claims alone: an id token has a nonce, and nothing else has the event.
 * `JWT` says as much as nothing (RFC 7519 §5.1).
 */
const types: readonly unknown[] = [undefined, 'jwt', 'logout+jwt', 'application/logout+jwt']

/** Some write their name with a slash at its end, which it loses with us. */
const spellings = (issuer: string): string[] => [issuer, `${issuer}/`]

/**
 * Which provider a token says that it is of, and for whom; nothing of it is believed yet. Throws `AccessError`
 * `logout-token-invalid` where that is none.
 */
export function namedProvider<P extends Pick<NamedProvider, 'issuer' | 'clientId'>>(
  token: string,
  providers: readonly P[],
): P {
  const { iss = '', aud = [] } = unverified(token)
  const found = providers.find(
    ({ issuer, clientId }) => spellings(issuer).includes(iss) && [aud].flat().includes(clientId),
  )
  if (found === undefined)
    throw invalid('it is of no sign-in service of this gateway, or not for it')
  return found
}

function unverified(token: string): JWTPayload {
  try {
    return decodeJwt(token)
  } catch (error) {
    throw invalid((error as Error).message)
  }
}

/**
 * Verifies a logout token whole (OpenID Connect Back-Channel Logout 1.0 §2.6) but for whether it has come before.
 *
 * `exp` is required by its text of December 2023. Where providers of before leave it out the token's age has the same
 * bound: to refuse it would let in whoever is to be signed out.
 *
 * Throws `AccessError` `logout-token-invalid`, or `provider-unavailable` when the keys cannot be had now.
 */
export async function readLogoutToken(
  token: string,
  { provider, keys, nowMs }: LogoutTokenRules,
): Promise<ProviderLogout> {
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    algorithms: [...publicKeyAlgorithms],
    issuer: spellings(provider.issuer),
    audience: provider.clientId,
    clockTolerance: clockToleranceSeconds,
    maxTokenAge: maxTokenAgeSeconds,
    requiredClaims: ['jti', 'events'],
    currentDate: new Date(nowMs),
  }).catch(rethrow)
  const { typ } = protectedHeader
  if (!types.includes(typ?.toLowerCase())) throw invalid('its type is another one')
  const { userId, sid } = whoseLogout(payload)
  const lifeSeconds = maxTokenAgeSeconds + 2 * clockToleranceSeconds
  return {
    provider: provider.id,
    issuer: provider.issuer,
    tokenId: idOf(payload),
    userId: userId === undefined ? undefined : provider.userIdOf(userId),
    sid,
    issuedAtMs: (payload.iat ?? 0) * 1000,
    keptUntilMs: nowMs + lifeSeconds * 1000,
  }
}

function idOf({ jti, events, nonce }: JWTPayload): string {
  if (nonce !== undefined) throw invalid('it has a nonce')
  if (!isObject(events) || !isObject(events[logoutEvent]))
    throw invalid('it is about another event')
  if (typeof jti !== 'string' || jti === '') throw invalid('it has no id')
  return jti
}

function whoseLogout({ sub, sid }: JWTPayload): Pick<ProviderLogout, 'userId' | 'sid'> {
  for (const claim of [sub, sid])
    if (claim !== undefined && (typeof claim !== 'string' || claim === ''))
      throw invalid('it names nobody')
  if (sub === undefined && sid === undefined) throw invalid('it names nobody')
  return { userId: sub, sid: sid as string | undefined }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What the library finds wrong with a token, by the name of its class. */
const faults = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
]

function rethrow(error: unknown): never {
  if (error instanceof AccessError) throw error
  if (faults.some((fault) => error instanceof fault)) throw invalid((error as Error).message)
  const text = 'the keys of the sign-in service cannot be had now'
  throw new AccessError('provider-unavailable', text, {
    hint: 'whoever it is about stays signed in until their session is refreshed',
    cause: error,
  })
}

function invalid(why: string): AccessError {
  return new AccessError('logout-token-invalid', `the logout token is not good: ${why}`, {
    hint: 'whoever runs the sign-in service should look at what it sends',
  })
}
