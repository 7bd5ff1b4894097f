import { createHash } from 'node:crypto'
import { parseRoutePolicy, shorthandRules } from '../policy/language/shorthand.ts'
import type { ClientCertificateUse, Shorthand } from '../policy/language/shorthand.ts'
import type { Policy, PolicyProblem } from '../policy/policy.ts'
import { isMetadataAddress } from '../net/metadata-address.ts'
import { checkAt, mustBe, valueAt } from '../schema.ts'
import type { Path, ProblemDetails, YamlText } from '../yaml-text.ts'
import type { From, Target } from '../routes/from.ts'
import { formatTarget } from '../routes/from.ts'
import type { Route } from '../routes/route.ts'
import { weighUpstreams } from '../routes/to.ts'
import type { UpstreamWay } from '../routes/upstream-way.ts'
import type { Findings } from './source/findings.ts'
import { defaultOf as fallback } from './keys/key.ts'
import { globalKeyNames, routeKeyNames, routeKeys } from './keys/keys.ts'
import type { RouteValues } from './keys/keys.ts'
import { sortForeignKeys } from './source/foreign-keys.ts'
import { readWayKind } from './next-gateway.ts'
import type { RouteSource } from './next-gateway.ts'

/** One route of a text, and what others are compared with. */
export interface ReadRoute {
  /** Undefined when something is wrong with it. */
  readonly route: Route | undefined
  readonly from: string
  readonly targets: readonly Target[]
  readonly readsSubject: boolean
  readonly needsProvider: boolean
}

/** What a route is read with besides its text. */
export interface RouteSurroundings extends Pick<RouteSource, 'files' | 'nowMs'> {
  /** What the gateway does about client certificates: policies may ask for them only when it does. */
  readonly clientCertificates: ClientCertificateUse
}

/** Reads one route; undefined when not even its `from` is right. */
export async function readRoute(
  text: YamlText,
  path: Path,
  findings: Findings,
  { files, nowMs, clientCertificates }: RouteSurroundings,
): Promise<ReadRoute | undefined> {
  const given = valueAt(text.value, path)
  const problem = (at: Path, message: string, details?: ProblemDetails): void => {
    findings.problems.push(text.problem([...path, ...at], message, details))
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    problem([], mustBe('a route with "from" and "to"', given))
    return undefined
  }
  if (isWebRoute(given)) {
    // Its other keys would only repeat that it is none of ours.
    const checked = checkAt(text, [...path, 'from'], routeKeys.from.schema)
    if (!checked.ok) findings.problems.push(...checked.problems)
    return undefined
  }
  sortForeignKeys(
    text,
    path,
    'route',
    { known: routeKeyNames, elsewhere: globalKeyNames },
    findings,
  )
  const values = readValues(text, path, given, findings)
  for (const key of ['from', 'to'] as const) {
    if (!Object.hasOwn(given, key))
      problem([key], `is required: ${routeKeys[key].type.replaceAll('`', '')}`)
  }
  const to = values.to === undefined ? undefined : weighUpstreams(values.to)
  if (to !== undefined && 'fault' in to) problem(['to'], to.fault)
  refuseMetadataAddresses(values, problem)
  const kind = await readWayKind({ text, path, given, values, files, findings, nowMs })
  const policy = readPolicy(values, clientCertificates, problem)
  if (policy !== undefined && deniesEverybody(values)) {
    const message = 'denies everybody: it has no policy'
    const hint = 'add "policy", or a setting such as "allow_any_authenticated_user"'
    findings.warnings.push(text.problem(path, message, { hint }))
  }
  const { from } = values
  if (from === undefined) return undefined
  const way = to === undefined || 'fault' in to ? undefined : { ...kind, to, ...dialled(values) }
  return {
    route: policy && way ? build(values, from, way, policy) : undefined,
    from: from.text,
    targets: from.targets,
    readsSubject: policy?.readsSubject === true,
    needsProvider: policy?.needsProvider === true,
  }
}

function isWebRoute(given: object): boolean {
  return 'from' in given && typeof given.from === 'string' && /^https?:\/\//i.test(given.from)
}

function readValues(text: YamlText, path: Path, given: object, findings: Findings): RouteValues {
  const values: Record<string, unknown> = {}
  for (const key of routeKeyNames.filter((name) => Object.hasOwn(given, name))) {
    const checked = checkAt<unknown>(text, [...path, key], routeKeys[key].schema)
    if (checked.ok) values[key] = checked.value
    else findings.problems.push(...checked.problems)
  }
  return values
}

function readPolicy(
  values: RouteValues,
  clientCertificates: ClientCertificateUse,
  problem: (at: Path, message: string, details: ProblemDetails) => void,
): Policy | undefined {
  const parsed = parseRoutePolicy(values.policy, shorthandOf(values), clientCertificates)
  if ('policy' in parsed) return parsed.policy
  for (const fault of parsed.problems) {
    problem(fault.path, fault.message, { hint: fault.hint, at: placeOf(fault) })
  }
  return undefined
}

/** A fault in a name is shown at the name, every other one at the value. */
function placeOf({ message }: PolicyProblem): 'key' | 'value' {
  return /^(?:unknown|criterion) /.test(message) ? 'key' : 'value'
}

/** Those that are written; what names lead to is known when they are dialled. */
function refuseMetadataAddresses(
  { to = [], allow_metadata_address: isAllowed }: RouteValues,
  problem: (at: Path, message: string, details: ProblemDetails) => void,
): void {
  if (isAllowed === true) return
  for (const [index, { host }] of to.entries()) {
    if (!isMetadataAddress(host)) continue
    const message = `leads to "${host}", the metadata service of a cloud, which hands out this machine's credentials`
    const hint = 'set "allow_metadata_address: true" on the route if that is meant'
    problem(['to', index], message, { hint })
  }
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
  const { policy } = values
  const hasRules = policy !== undefined && !(Array.isArray(policy) && policy.length === 0)
  return !hasRules && shorthandRules(shorthandOf(values)).length === 0
}

/** What is said of the connections to upstreams, of whichever kind they are. */
function dialled(
  values: RouteValues,
): Pick<UpstreamWay, 'allowsMetadataAddress' | 'proxyProtocol'> {
  return {
    allowsMetadataAddress: values.allow_metadata_address === true,
    proxyProtocol: values.upstream_proxy_protocol,
  }
}

function build(
  values: RouteValues,
  from: From & { readonly text: string },
  way: UpstreamWay,
  policy: Policy,
): Route {
  const [first] = from.targets
  const isOpen = values.allow_public_unauthenticated_access === true
  return {
    id: createHash('sha256').update(from.text).digest('hex').slice(0, 16),
    name: values.name ?? (first === undefined ? from.text : formatTarget(first)),
    description: values.description ?? '',
    from: from.text,
    way,
    policy,
    isListed: values.listed ?? false,
    contact: values.contact ?? '',
    // A deny rule about people makes even a public route ask for a sign-in (reference 4.3).
    isPublic: isOpen && !policy.readsSubject,
    timeoutMs: values.timeout ?? 0,
    idleTimeoutMs: values.idle_timeout ?? 0,
    stallTimeoutMs: values.stall_timeout ?? fallback(routeKeys.stall_timeout),
    maxTunnels: values.max_tunnels ?? 0,
  }
}
