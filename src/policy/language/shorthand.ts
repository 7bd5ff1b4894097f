import type { Clause } from './clause.ts'
import { doubtEmail } from '../criteria/doubt-address.ts'
import { doubtUnseen, warnOfTexts } from '../matchers/doubt.ts'
import { clientCertificate } from '../criteria/client-certificate.ts'
import { invalidClientCertificate } from '../criteria/invalid-client-certificate.ts'
import { collectPolicy, type ParsedPolicy, parseCriterion, parseRules } from './parse.ts'
import { isObject, type Place, type PolicyContext } from '../place.ts'

/** A route's settings that stand for an `allow` rule. */
export interface Shorthand {
  readonly allowPublicUnauthenticatedAccess?: boolean | undefined
  readonly allowAnyAuthenticatedUser?: boolean | undefined
  readonly allowedDomains?: readonly string[] | undefined
  /** Values for each claim: strings, numbers or booleans. */
  readonly allowedIdpClaims?: Readonly<Record<string, readonly unknown[]>> | undefined
  /** User identifiers or email addresses. */
  readonly allowedUsers?: readonly string[] | undefined
}

/** The policy document that the settings stand for: one `allow` rule, or no rule when none is set. */
export function shorthandRules(shorthand: Shorthand): readonly unknown[] {
  const or = expand(shorthand).map(({ criterion }) => criterion)
  return or.length === 0 ? [] : [{ allow: { or } }]
}

/**
 * What a gateway does about client certificates: asks for none, leaves them to the policies, or adds
 * `deny: or: [invalid_client_certificate]` to every policy.
 */
export type ClientCertificateUse = 'none' | 'policy' | 'default-deny'

/**
 * Parses a route's `policy` document together with its shorthand, OR-ed. Paths of problems lead from
 * the route, such as `['policy', 0, 'allow', 'or', 1]` or `['allowed_users', 2]`.
 */
export function parseRoutePolicy(
  document: unknown,
  shorthand: Shorthand,
  clientCertificates: ClientCertificateUse = 'none',
  context: PolicyContext = {},
): ParsedPolicy {
  return collectPolicy((root) => {
    refuseContradictions(shorthand, root)
    if (clientCertificates === 'none') refuseCertificateCriteria(document, root.at('policy'))
    return [
      ...parseRules(document, root.at('policy')),
      ...shorthandClauses(shorthand, root),
      ...(clientCertificates === 'default-deny' ? [denyInvalidCertificates(root)] : []),
    ]
  }, context)
}

function denyInvalidCertificates(root: Place): Clause {
  const criterion = parseCriterion({ [invalidClientCertificate.name]: true }, root)
  const criteria = criterion === undefined ? [] : [criterion]
  return { side: 'deny', path: ['downstream_mtls'], operator: 'or', criteria }
}

const certificateCriteria: readonly string[] = [
  clientCertificate.name,
  invalidClientCertificate.name,
]

/** List of rules, rule, side, operator: criteria lie no deeper than this. */
const criteriaLevel = 4

/** A gateway that asks nobody for a certificate would never let anybody in by one. */
function refuseCertificateCriteria(document: unknown, place: Place, level = 0): void {
  if (level > criteriaLevel) return
  const entries = Array.isArray(document) ? [...document.entries()] : []
  for (const [key, value] of isObject(document) ? Object.entries(document) : entries) {
    if (certificateCriteria.includes(String(key))) {
      const hint = 'add "downstream_mtls" with the authorities that sign client certificates'
      place.at(key).problem(`criterion "${key}" needs "downstream_mtls" in this file`, hint)
    } else refuseCertificateCriteria(value, place.at(key), level + 1)
  }
}

/** One criterion of the shorthand, and the setting it comes from. */
interface Expansion {
  readonly criterion: unknown
  readonly path: readonly (string | number)[]
}

function shorthandClauses(shorthand: Shorthand, root: Place): readonly Clause[] {
  for (const [index, name] of (shorthand.allowedUsers ?? []).entries()) {
    const doubt = name.includes('@') ? doubtEmail : doubtUnseen
    warnOfTexts(name, root.at('allowed_users', index), doubt)
  }
  const criteria = expand(shorthand)
    .map(({ criterion, path }) => {
      const place = root.at(...path)
      // Of its two readings one is always the wrong one.
      const isPerson = path[0] === 'allowed_users'
      return parseCriterion(criterion, (isPerson ? place.unwarned() : place).pinned())
    })
    .filter((criterion) => criterion !== undefined)
  return criteria.length === 0 ? [] : [{ side: 'allow', path: [], operator: 'or', criteria }]
}

function expand(shorthand: Shorthand): readonly Expansion[] {
  return [
    ...flag(shorthand.allowPublicUnauthenticatedAccess, 'accept', publicKey),
    ...flag(shorthand.allowAnyAuthenticatedUser, 'authenticated_user', authenticatedKey),
    ...(shorthand.allowedDomains ?? []).map((domain, index) => ({
      criterion: { domain: { is: domain } },
      path: ['allowed_domains', index],
    })),
    ...Object.entries(shorthand.allowedIdpClaims ?? {}).flatMap(([claim, values]) =>
      values.map((value, index) => ({
        criterion: { [`claim/${claim}`]: value },
        path: ['allowed_idp_claims', claim, index],
      })),
    ),
    ...(shorthand.allowedUsers ?? []).flatMap((user, index) =>
      ['user', 'email'].map((name) => ({
        criterion: { [name]: { is: user } },
        path: ['allowed_users', index],
      })),
    ),
  ]
}

const publicKey = 'allow_public_unauthenticated_access'
const authenticatedKey = 'allow_any_authenticated_user'

function flag(isSet: boolean | undefined, name: string, key: string): readonly Expansion[] {
  return isSet === true ? [{ criterion: { [name]: true }, path: [key] }] : []
}

/** A route for everybody that also lists people would not do what the list seems to say. */
function refuseContradictions(shorthand: Shorthand, root: Place): void {
  const used = [...new Set(expand(shorthand).map(({ path }) => String(path[0])))]
  const [widest, other] = used
  if (other === undefined || (widest !== publicKey && widest !== authenticatedKey)) return
  root.at(widest).problem(`cannot be combined with "${other}", which narrows nothing beside it`)
}
