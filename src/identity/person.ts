import { isDeepStrictEqual } from 'node:util'
import type { Session } from './session.ts'

/** Every claim of a provider about one person, as it came. */
export type Claims = Readonly<Record<string, unknown>>

/** What a session says about the person, read from the provider's claims. */
export type Person = Pick<Session, 'email' | 'emailVerified' | 'name' | 'groups' | 'claims'>

/** Reads a person from claims; `groupsClaim` names the claim that lists groups. */
export function personOf(claims: Claims, groupsClaim: string): Person {
  return {
    email: text(claims['email']),
    emailVerified: isVerified(claims['email_verified'] ?? undefined),
    name: text(claims['name']) ?? text(claims['preferred_username']),
    groups: textList(claims[groupsClaim]),
    claims,
  }
}

/**
 * Absent means that the provider makes no difference. Some write booleans as text (`"False"`) or as a
 * number; whatever is there and is no yes is a no.
 */
function isVerified(claim: unknown): boolean {
  if (typeof claim === 'string') return claim.toLowerCase() === 'true' || claim === '1'
  return claim === undefined || claim === true || claim === 1
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

function textList(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.filter((entry): entry is string => typeof entry === 'string' && entry !== '')
}
