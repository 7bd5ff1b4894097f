import { isDeepStrictEqual } from 'node:util'
import { findClaim } from '../claim-path.ts'
import type { Session } from './session.ts'

/** Every claim of a provider about one person, as it came. */
export type Claims = Readonly<Record<string, unknown>>

/** What a session says about the person, read from the provider's claims. */
export type Person = Pick<Session, 'email' | 'emailVerified' | 'name' | 'groups' | 'claims'>

/**
 * Providers that say otherwise whether an address is its owner's.
 *
 * - `google`: an account may be of any address that its owner had once. Google answers for those that it hosts: at
 *   Gmail, and of an organization, which the claim `hd` names.
 * - `entra`: sends no `email_verified`, and `xms_edov` where it is told to: whether an administrator owns the domain.
 *
 * @see https://developers.google.com/identity/gsi/web/guides/verify-google-id-token
 * @see https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
 */
export type ProviderDialect = 'google' | 'entra'

/** Which claims of a provider say what, each a name or a path such as `realm_access.roles`. */
export interface ClaimNames {
  readonly groupsClaim: string
  readonly emailClaim: string
  /** Whether an address counts as verified when the provider does not say. */
  readonly trustsMissingEmailVerified: boolean
  /** Whose words about addresses are read in a way of their own. **Default:** as OpenID Connect has them */
  readonly dialect?: ProviderDialect | undefined
  /** In lower case; at every other domain no address counts as verified. **Default:** any domain */
  readonly domains?: readonly string[] | undefined
}

/**
 * Reads a person from claims. The nonce is not kept: the sign-in that it ties a token to has spent it, and whoever reads the
 * store need not know it (OpenID Connect Core §3.1.3.7).
 */
export function personOf({ nonce: _spent, ...claims }: Claims, names: ClaimNames): Person {
  const email = address(findClaim(claims, names.emailClaim))
  return {
    email,
    emailVerified: isVerified(claims, email, names) && isOfDomains(email, names),
    name: text(claims['name']) ?? text(claims['preferred_username']),
    groups: groupsIn(findClaim(claims, names.groupsClaim)),
    claims,
  }
}

/** `elsewhere`: they are more than the provider puts into a token, and would have to be asked for. */
export type GroupsFault = 'absent' | 'unusable' | 'elsewhere'

/** Microsoft leaves out the list, and names where it is: an aggregated claim (OIDC Core §5.6.2). */
function isElsewhere(claims: Claims, groupsClaim: string): boolean {
  const { _claim_names: names } = claims
  const isNamed = typeof names === 'object' && names !== null && Object.hasOwn(names, groupsClaim)
  return isNamed || isYes(claims['hasgroups'])
}

/** What is wrong with the claim that lists groups; undefined when it can be used, empty or not. */
export function faultOfGroupsClaim(claims: Claims, groupsClaim: string): GroupsFault | undefined {
  const claim = findClaim(claims, groupsClaim) ?? undefined
  if (claim === undefined) return isElsewhere(claims, groupsClaim) ? 'elsewhere' : 'absent'
  const isEmptyList = Array.isArray(claim) && claim.length === 0
  return isEmptyList || groupsIn(claim).length > 0 ? undefined : 'unusable'
}

/**
 * `email_verified` is about the claim `email`: a yes says nothing of an address that came in another
 * claim, unless it is the same. A no counts whatever the address is. Some write booleans as text
 * (`"False"`) or as a number; whatever is there and is no yes is a no.
 */
function isVerified(
  claims: Claims,
  email: string | undefined,
  { emailClaim, trustsMissingEmailVerified, dialect }: ClaimNames,
): boolean {
  const ofDomain = dialect === 'entra' ? claims['xms_edov'] : undefined
  const said = claims['email_verified'] ?? ofDomain ?? undefined
  if (said !== undefined && !isYes(said)) return false
  if (dialect === 'google' && !isHostedByGoogle(claims, email)) return false
  const isAboutIt = emailClaim === 'email' || text(claims['email']) === email
  return (said !== undefined && isAboutIt) || trustsMissingEmailVerified
}

/** An address with a second `@` is read in more than one way, and is of none. */
function isOfDomains(email: string | undefined, { domains }: ClaimNames): boolean {
  if (domains === undefined) return true
  const [, domain = '', ...more] = (email ?? '').split('@')
  return more.length === 0 && domains.includes(domain.toLowerCase())
}

function isHostedByGoogle(claims: Claims, email = ''): boolean {
  return text(claims['hd']) !== undefined || /^[^@]+@(?:gmail|googlemail)\.com$/i.test(email)
}

function isYes(value: unknown): boolean {
  if (typeof value === 'string') return value.toLowerCase() === 'true' || value === '1'
  return value === true || value === 1
}

/** Claims of the token itself, not of the person: other ones at each refresh. */
const tokenClaims = new Set([
  'at_hash',
  'aud',
  'auth_time',
  'azp',
  'c_hash',
  'exp',
  'iat',
  'jti',
  'nbf',
  'nonce',
  's_hash',
  'sid',
])

/**
 * The names of what a policy could come out otherwise by, such as `groups` or `claims.department`; none
 * for the same person.
 */
export function changesBetween(before: Person, after: Person): readonly string[] {
  const [one, other] = [comparable(before), comparable(after)]
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter((name) => !isDeepStrictEqual(one[name], other[name]))
}

function comparable({ email, emailVerified, name, groups, claims }: Person): Claims {
  const kept = Object.entries(claims).filter(([claim]) => !tokenClaims.has(claim))
  const named = kept.map(([claim, value]) => [`claims.${claim}`, value] as const)
  return { email, emailVerified, name, groups, ...Object.fromEntries(named) }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Some providers send a list of addresses; of several nobody says which one it is. */
function address(value: unknown): string | undefined {
  return Array.isArray(value) && value.length === 1 ? text(value[0]) : text(value)
}

/** A list of names, ids or objects with one of these, or a single one. */
function groupsIn(claim: unknown): readonly string[] {
  const entries: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return entries.map(nameOfGroup).filter((name) => name !== undefined)
}

/**
 * Of an object `value`, and `name` only where there is none (RFC 7643 §4.2): people may be free to name
 * groups of their own, and must not get into another one by naming theirs like its id.
 */
function nameOfGroup(entry: unknown): string | undefined {
  if (typeof entry === 'number') return String(entry)
  if (typeof entry !== 'object' || entry === null) return text(entry)
  const fields: Partial<Record<string, unknown>> = { ...entry }
  const { value = fields['name'] } = fields
  return typeof value === 'number' ? String(value) : text(value)
}
