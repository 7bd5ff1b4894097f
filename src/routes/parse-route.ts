import { sortForeignKeys } from '../foreign-keys.ts'
import { isMetadataAddress } from '../net/metadata-address.ts'
import { parseApplicationPolicy } from '../policy/cloudflare/parse.ts'
import { parseRoutePolicy, shorthandRules } from '../policy/language/shorthand.ts'
import type { ClientCertificateUse, Shorthand } from '../policy/language/shorthand.ts'
import { combinePolicies } from '../policy/named/combine.ts'
import { toFault, type NamedPolicy } from '../policy/named/parse-named-policy.ts'
import type { PolicyContext } from '../policy/place.ts'
import type { Policy } from '../policy/policy.ts'
import { didYouMean } from '../spelling.ts'
import { checkValue, mustBe, show } from '../schema.ts'
import { applicationPort } from './application-port.ts'
import type { RouteDefinition } from './definition.ts'
import { foreignRouteKeys } from './foreign-route-keys.ts'
import { checkNextGatewayKeys } from './check-next-gateway.ts'
import { createRouteNotes, type RouteFindings, type RouteNotes } from './route-findings.ts'
import { routeKeyNames, routeKeys, type RouteKey, type RouteValues } from './route-keys.ts'
import { isConnector } from './connector-to.ts'
import { knowingPeople, readRequests, type RouteRequests } from './approval.ts'
import { weighUpstreams, type UpstreamScheme } from './to.ts'
import type { Upstream } from './upstream-way.ts'

/** A route without a fault: what was written, and what that means. */
export interface CheckedRoute {
  readonly definition: RouteDefinition
  readonly values: RouteValues & Required<Pick<RouteValues, 'from' | 'to'>>
  /** Those that are dialled. */
  readonly to: readonly Upstream[]
  readonly scheme: UpstreamScheme
  /** Its own, and those that it names. */
  readonly policy: Policy
  readonly requests: RouteRequests
  readonly named: readonly NamedPolicy[]
  /** What the policy was read with. */
  readonly clientCertificates: ClientCertificateUse
}

/** All that there is to say of a route. */
export interface ParsedRoute extends RouteFindings {
  /** Undefined where there is a fault. */
  readonly checked: CheckedRoute | undefined
  /** What is right of it, beside faults too: other routes are compared with it, and its files read. */
  readonly values: RouteValues
  /** How its upstreams are spoken to; undefined where they have a fault. */
  readonly scheme: UpstreamScheme | undefined
  /** Undefined where it has a fault. */
  readonly policy: Policy | undefined
}

/** Finds a named policy. */
export interface NamedPolicies {
  get(name: string): NamedPolicy | undefined
  /** The names that a route in a namespace may name, or one in none: for a hint. */
  keys(namespace?: string): Iterable<string>
  /** Which one it is in; undefined for none, and for a name that there is not. */
  namespaceOf?(name: string): string | undefined
  /** Why one that there is may not be used; undefined where nothing is wrong with it. */
  faultOf?(name: string): string | undefined
}

/** What a route is read with. */
export interface RouteRules extends PolicyContext {
  /** What the gateway does about client certificates: policies may ask for them only when it does. */
  readonly clientCertificates: ClientCertificateUse
  /** How long a sign-in lasts, in milliseconds; undefined where that is not known yet. */
  readonly sessionMs?: number
  /** Policies that routes may name; undefined for none. */
  readonly namedPolicies?: NamedPolicies | undefined
  /** Keys of the whole gateway, for a hint to whoever wrote one of them in a route. */
  readonly gatewayKeys?: readonly string[]
  /** Those a route may be in; undefined where that is not known. */
  readonly namespaces?: readonly string[]
}

/**
 * Parses a route of plain data, as JSON and YAML have it, wherever that came from: a file, a database, a
 * request. Reads no file (`openRoute` does) and knows no other route (`compareRoutes` does).
 */
export function parseRoute(plain: unknown, rules: RouteRules): ParsedRoute {
  const notes = createRouteNotes()
  const { faults, warnings } = notes
  const none = { ...nothingRead, faults, warnings }
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    notes.fault([], mustBe('a route with "from" and "to"', plain))
    return none
  }
  if (isWebRoute(plain)) {
    // Its other keys would only repeat that it is none of ours.
    readValues(plain, ['from'], notes)
    return none
  }
  sortKeys(plain, rules, notes)
  const values = readValues(plain, routeKeyNames, notes)
  requireKeys(plain, notes)
  checkApplication(values, notes)
  checkNamespace(values, rules, notes)
  const to = readUpstreams(values, notes)
  const scheme = checkNextGatewayKeys(plain, values, notes)
  const own = readPolicy(values, rules, notes)
  const named = readNames(values, rules, notes)
  const requests = readRequests(values, rules, notes)
  const combined = own && named && combinePolicies(own, named)
  const policy = combined && requests && knowingPeople(combined, requests)
  const { clientCertificates } = rules
  const read = { values, to, scheme, policy, requests, named, clientCertificates }
  const checked = faults.length === 0 ? check(plain, read) : undefined
  return { faults, warnings, checked, values, scheme, policy }
}

const nothingRead = { checked: undefined, values: {}, scheme: undefined, policy: undefined }

function isWebRoute(plain: object): boolean {
  return 'from' in plain && typeof plain.from === 'string' && /^https?:\/\//i.test(plain.from)
}

function sortKeys(plain: object, { gatewayKeys: keys = [] }: RouteRules, notes: RouteNotes): void {
  const hint = 'it is a key of the whole gateway, not of a route'
  const known = routeKeyNames
  notes.add(sortForeignKeys(plain, { known, foreign: foreignRouteKeys, elsewhere: { keys, hint } }))
}

function readValues(plain: object, keys: readonly RouteKey[], notes: RouteNotes): RouteValues {
  const values: Record<string, unknown> = {}
  for (const key of keys.filter((name) => Object.hasOwn(plain, name))) {
    const checked = checkValue<unknown>(Reflect.get(plain, key), routeKeys[key].schema)
    if (checked.ok) values[key] = checked.value
    else
      for (const { path, message, ...more } of checked.faults)
        notes.fault([key, ...path], message, more)
  }
  return values
}

function requireKeys(plain: object, notes: RouteNotes): void {
  for (const key of ['from', 'to'] as const) {
    if (Object.hasOwn(plain, key)) continue
    notes.fault([key], `is required: ${routeKeys[key].type.replaceAll('`', '')}`)
  }
}

function checkApplication({ application, from }: RouteValues, notes: RouteNotes): void {
  if (application !== true || from === undefined) return
  const [target, ...more] = from.targets
  if (target?.port === applicationPort && more.length === 0 && from.gateway === undefined) return
  notes.fault(['application'], 'needs a "from" of one host with port 443', { at: 'key' })
}

/** In one that nobody wrote down a route would have no administrators but those of everything. */
function checkNamespace(
  { namespace }: RouteValues,
  { namespaces: known }: RouteRules,
  notes: RouteNotes,
): void {
  if (namespace === undefined || known === undefined || known.includes(namespace)) return
  const hint = didYouMean(namespace, known) ?? 'add it to "namespaces"'
  notes.fault(['namespace'], `"${namespace}" is none of "namespaces"`, { hint })
}

/** Undefined for what is at fault, or was not even written. */
function readUpstreams(values: RouteValues, notes: RouteNotes): readonly Upstream[] | undefined {
  const weighed = values.to && weighUpstreams(values.to.filter((to) => !isConnector(to)))
  refuseMetadataAddresses(values, notes)
  if (weighed === undefined || !('fault' in weighed)) return weighed
  notes.fault(['to'], weighed.fault)
  return undefined
}

/** Those that are written; what names lead to is known when they are dialled. */
function refuseMetadataAddresses(
  { to = [], allow_metadata_address: isAllowed }: RouteValues,
  notes: RouteNotes,
): void {
  if (isAllowed === true) return
  for (const [index, upstream] of to.entries()) {
    const host = isConnector(upstream) ? upstream.service?.host : upstream.host
    if (host === undefined || !isMetadataAddress(host)) continue
    const message = `leads to "${host}", the metadata service of a cloud, which hands out the credentials of the machine that asks`
    const hint = 'set "allow_metadata_address: true" on the route if that is meant'
    notes.fault(['to', index], message, { hint })
  }
}

function readPolicy(values: RouteValues, rules: RouteRules, notes: RouteNotes): Policy | undefined {
  if (values.policies !== undefined) refuseBoth(values, notes)
  const parsed =
    values.policies === undefined
      ? parseRoutePolicy(values.policy, shorthandOf(values), rules.clientCertificates, rules)
      : parseApplicationPolicy(values.policies, rules)
  if ('problems' in parsed) {
    notes.add({ faults: parsed.problems.map(toFault), warnings: [] })
    return undefined
  }
  notes.add({ faults: [], warnings: parsed.warnings.map(toFault) })
  if (deniesEverybody(values)) {
    const hint = values.application === true ? applicationHint : routeHint
    notes.warn([], 'denies everybody: it has no policy', { hint })
  }
  return parsed.policy
}

const routeHint = 'add "policy", or a setting such as "allow_any_authenticated_user"'
const applicationHint =
  'add "policies: [{action: allow, include: [{email: user@example.com}]}]", with whom it is for'

/** Two ways to say who may: whichever won, somebody would have meant the other. */
function refuseBoth(values: RouteValues, notes: RouteNotes): void {
  if (values.policy === undefined && shorthandRules(shorthandOf(values)).length === 0) return
  const message = 'cannot be given together with "policy" or a setting that stands for one'
  notes.fault(['policies'], message, { at: 'key' })
}

/** Undefined where one of them cannot be used: without it the route would be wider than it reads. */
function readNames(
  { policy_names: names = [], namespace }: RouteValues,
  { namedPolicies: known }: RouteRules,
  notes: RouteNotes,
): readonly NamedPolicy[] | undefined {
  const named: NamedPolicy[] = []
  for (const [index, name] of names.entries()) {
    const found = known?.get(name)
    if (found !== undefined) named.push(found)
    else {
      const missing = noPolicyNamed(name)
      const fault = known?.faultOf?.(name)
      const other = { namespace: known?.namespaceOf?.(name), message: missing }
      notes.fault(['policy_names', index], fault ?? missing, {
        hint: didYouMean(name, known?.keys(namespace) ?? []),
        ...(fault === undefined ? {} : { other }),
      })
    }
  }
  return named.length === names.length ? [...new Set(named)] : undefined
}

export function noPolicyNamed(name: string): string {
  return `no policy is named ${show(name)}`
}

function shorthandOf(values: RouteValues): Shorthand {
  return {
    allowPublicUnauthenticatedAccess: values.allow_public_unauthenticated_access,
    allowAnyAuthenticatedUser: values.allow_any_authenticated_user,
    allowedDomains: values.allowed_domains,
    allowedIdpClaims: values.allowed_idp_claims,
    allowedUsers: values.allowed_users,
  }
}

function deniesEverybody(values: RouteValues): boolean {
  const hasRules = [values.policy, values.policies, values.policy_names].some(
    (given) => given !== undefined && !(Array.isArray(given) && given.length === 0),
  )
  const isAsked = values.approval !== undefined || values.break_glass !== undefined
  return !hasRules && !isAsked && shorthandRules(shorthandOf(values)).length === 0
}

type Read = Pick<CheckedRoute, 'clientCertificates'> & {
  readonly values: RouteValues
} & {
  readonly [Key in 'to' | 'scheme' | 'policy' | 'requests' | 'named']: CheckedRoute[Key] | undefined
}

function check(plain: object, read: Read): CheckedRoute | undefined {
  const { values, to, scheme, policy, requests, named, clientCertificates } = read
  const { from, to: written } = values
  if (from === undefined || written === undefined) return undefined
  if (to === undefined || scheme === undefined) return undefined
  if (policy === undefined || requests === undefined || named === undefined) return undefined
  const whole = { ...values, from, to: written }
  const definition = definitionOf(plain)
  return { definition, values: whole, to, scheme, policy, requests, named, clientCertificates }
}

/** A copy, in the order of the keys: whoever made the plain value may change it later. */
function definitionOf(plain: object): RouteDefinition {
  const given = routeKeyNames.filter((key) => Object.hasOwn(plain, key))
  const entries = given.map((key) => [key, structuredClone<unknown>(Reflect.get(plain, key))])
  return Object.fromEntries(entries) as RouteDefinition
}
